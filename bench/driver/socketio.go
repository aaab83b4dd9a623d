package main

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
)

// socketIO speaks Socket.IO 5 over WebSocket: an event is the text `42…`, its acknowledgement `43…`.
type socketIO struct{ run *run }

// connectSocketIO opens a WebSocket and is connected when the server says so; rest is what came behind that.
func connectSocketIO(plan *Connection) (net.Conn, []byte, error) {
	return dialWebSocket(plan.Address, plan.Path+"/?EIO=4&transport=websocket", func(said *talk) error {
		return enter(said, plan.Token)
	})
}

// enter does what stands between the handshake and the first event: engine.io's open, and CONNECT.
func enter(server *talk, token string) error {
	if text, err := server.read(); err != nil || len(text) == 0 || text[0] != '0' {
		return fmt.Errorf("no open packet: %q %w", text, err)
	}
	if err := server.write(`40{"token":"` + token + `"}`); err != nil {
		return err
	}
	for {
		text, err := server.read()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(text, []byte("40")) {
			return nil
		}
		if bytes.HasPrefix(text, []byte("44")) {
			return fmt.Errorf("refused: %s", text)
		}
	}
}

func (p *socketIO) message(out []byte, s *sender, number int) []byte {
	begin := len(out)
	out = beginFrame(out)
	out = strconv.AppendInt(append(out, "42"...), int64(number), 10)
	out = append(append(out, `["send_message",{"conversation_id":"`...), s.conn.plan.Place...)
	out = p.run.appendID(append(out, `","client_message_id":"`...), s, number)
	out = p.run.content(append(out, `","content":"`...), s, number)
	out = append(out, `"}]`...)
	return endFrame(out, begin)
}

func (p *socketIO) parse(r *run, c *conn, data []byte, now int64) (int, error) {
	return parseFrames(c, data, func(text []byte) { p.text(r, c, text, now) })
}

func (p *socketIO) text(r *run, c *conn, text []byte, now int64) {
	switch {
	case len(text) == 1 && text[0] == '2':
		c.out = appendFrame(c.out, opText, "3")
	case bytes.HasPrefix(text, []byte("43")):
		p.answer(r, c, text[2:], now)
	case bytes.HasPrefix(text, []byte(`42["message",`)):
		p.event(r, c, text, now)
	case bytes.HasPrefix(text, []byte(`42["session_ended"`)):
		r.fail(c, "session ended")
	}
}

func (p *socketIO) answer(r *run, c *conn, text []byte, now int64) {
	at := bytes.IndexByte(text, '[')
	if at <= 0 {
		return // receipts have no id
	}
	number, err := strconv.Atoi(string(text[:at]))
	if err != nil || c.sender == nil {
		r.fail(c, "an unreadable acknowledgement")
		return
	}
	stored := bytes.HasPrefix(text[at:], []byte(`[{"ok":true`))
	if !stored {
		r.fail(c, "refused: "+string(text[at:min(len(text), at+160)]))
	}
	r.acknowledged(c.sender, number, stored, now)
}

func (p *socketIO) event(r *run, c *conn, text []byte, now int64) {
	at := bytes.IndexByte(text, '~')
	if at < 0 {
		return // a system message
	}
	if from, number, ok := r.mark(text[at:]); ok {
		r.delivered(c, from, number, now)
	}
	if r.plan.ReceiptsEveryS > 0 {
		c.lastSeq = max(c.lastSeq, digits(text, `"seq":`))
	}
}

// receipt tells the server what a receiver has read, as often as the plan says.
func (r *run) receipt(c *conn) {
	if r.plan.ReceiptsEveryS == 0 || c.lastSeq <= c.marked {
		return
	}
	now := monotonic()
	if now-c.told < int64(r.plan.ReceiptsEveryS*1e9) {
		return
	}
	c.told, c.marked = now, c.lastSeq
	event := `42["receipt",{"conversation_id":"` + c.plan.Place + `","read_seq":` + strconv.FormatInt(c.lastSeq, 10) + `}]`
	c.out = appendFrame(c.out, opText, event)
}
