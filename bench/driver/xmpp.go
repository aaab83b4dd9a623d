package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// xmpp speaks XMPP over TCP (RFC 6120) in group chats (XEP-0045). A message counts as acknowledged when the room has
// sent it back to its sender, which is the first that a sender can know of its being stored.
type xmpp struct{ run *run }

// stream is the text of a connection during its log-in.
type stream struct {
	socket net.Conn
	text   []byte
}

// connectXMPP logs in by SASL PLAIN, binds a resource and joins the plan's room.
func connectXMPP(plan *Connection) (net.Conn, []byte, error) {
	socket, err := net.DialTimeout("tcp", plan.Address, logInWithin)
	if err != nil {
		return nil, nil, err
	}
	if err := socket.SetDeadline(time.Now().Add(logInWithin)); err != nil {
		return nil, nil, err
	}
	s := &stream{socket: socket}
	if err := s.logIn(plan); err != nil {
		return nil, nil, err
	}
	if plan.Place != "" {
		join := "<presence to='" + plan.Place + "/" + plan.User + "'><x xmlns='http://jabber.org/protocol/muc'>" +
			"<history maxstanzas='0'/></x></presence>"
		if err := s.ask(join, "110"); err != nil {
			return nil, nil, err
		}
	}
	return socket, s.text, nil
}

func (s *stream) logIn(plan *Connection) error {
	open := "<?xml version='1.0'?><stream:stream to='" + plan.Domain + "' version='1.0' xmlns='jabber:client' " +
		"xmlns:stream='http://etherx.jabber.org/streams'>"
	if err := s.ask(open, "</stream:features>"); err != nil {
		return err
	}
	if plan.Register {
		account := "<iq type='set' id='register'><query xmlns='jabber:iq:register'><username>" + plan.User +
			"</username><password>" + plan.User + "</password></query></iq>"
		if err := s.ask(account, "register"); err != nil {
			return err
		}
	}
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + plan.User + "\x00" + plan.User))
	auth := "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + secret + "</auth>"
	if err := s.ask(auth, "<success"); err != nil {
		return err
	}
	if err := s.ask(open, "</stream:features>"); err != nil {
		return err
	}
	bind := "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>d</resource></bind></iq>"
	return s.ask(bind, "</jid>")
}

// ask writes and reads on until the answer holds a word, or an error.
func (s *stream) ask(question, word string) error {
	s.text = s.text[:0]
	if _, err := s.socket.Write([]byte(question)); err != nil {
		return err
	}
	chunk := make([]byte, 4096)
	for {
		count, err := s.socket.Read(chunk)
		s.text = append(s.text, chunk[:count]...)
		if err != nil {
			return fmt.Errorf("asked %.60q, got %q: %w", question, s.text, err)
		}
		for _, refusal := range []string{"<failure", "<stream:error", "type='error'", `type="error"`} {
			if bytes.Contains(s.text, []byte(refusal)) && !bytes.Contains(s.text, []byte("<conflict")) {
				return fmt.Errorf("asked %.60q, got %q", question, s.text)
			}
		}
		if bytes.Contains(s.text, []byte(word)) {
			return nil
		}
	}
}

func (p *xmpp) message(out []byte, s *sender, number int) []byte {
	out = append(append(out, "<message type='groupchat' to='"...), s.conn.plan.Place...)
	out = strconv.AppendInt(append(out, "' id='"...), int64(number), 10)
	out = p.run.content(append(out, "'><body>"...), s, number)
	return append(out, "</body></message>"...)
}

// parse looks for marks only: whatever else the server says needs no answer.
func (p *xmpp) parse(r *run, c *conn, data []byte, now int64) (int, error) {
	if bytes.Contains(data, []byte("</stream:stream>")) {
		return 0, errors.New("the server ended the stream")
	}
	used := 0
	for {
		at := bytes.IndexByte(data[used:], '~')
		if at < 0 {
			return used + whole(data[used:]), nil
		}
		end := used + at + markBytes
		if end > len(data) {
			return used, nil
		}
		from, number, ok := r.mark(data[used+at:])
		if !ok {
			used += at + 1
			continue
		}
		if c.sender != nil && refused(data[used:used+at]) {
			r.fail(c, "an error in answer to a message")
			r.acknowledged(c.sender, number, false, now)
		} else {
			r.delivered(c, from, number, now)
			if c.sender != nil && c.sender.index == from {
				r.acknowledged(c.sender, number, true, now)
			}
		}
		used = end
	}
}

// whole is how much of a text without a mark is needed no more: all but a stanza that has begun and may hold one.
func whole(text []byte) int {
	if at := bytes.LastIndex(text, []byte("<message")); at >= 0 && !bytes.Contains(text[at:], []byte("</message>")) {
		return at
	}
	return max(0, len(text)-len("<message"))
}

// refused tells whether the stanza before a mark is an error, which holds the message that it refuses.
func refused(text []byte) bool {
	at := bytes.LastIndex(text, []byte("<message"))
	if at < 0 {
		return false
	}
	head, _, _ := bytes.Cut(text[at:], []byte(">"))
	return bytes.Contains(head, []byte("error"))
}
