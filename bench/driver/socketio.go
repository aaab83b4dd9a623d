package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const (
	opText, opClose, opPing, opPong = 1, 8, 9, 10
	logInWithin                     = 30 * time.Second
)

// socketIO speaks Socket.IO 5 over WebSocket: an event is the text `42…`, its acknowledgement `43…`.
type socketIO struct{ run *run }

// connectSocketIO opens a WebSocket and is connected when the server says so; rest is what came behind that.
func connectSocketIO(plan *Connection) (net.Conn, []byte, error) {
	context, cancel := context.WithTimeout(context.Background(), logInWithin)
	defer cancel()
	address := fmt.Sprintf("ws://%s%s/?EIO=4&transport=websocket", plan.Address, plan.Path)
	socket, buffered, _, err := ws.Dial(context, address)
	if err != nil {
		return nil, nil, err
	}
	if err := socket.SetDeadline(time.Now().Add(logInWithin)); err != nil {
		return nil, nil, err
	}
	if buffered == nil {
		buffered = bufio.NewReader(socket)
	}
	if err := enter(socket, buffered, plan.Token); err != nil {
		return nil, nil, err
	}
	rest, err := buffered.Peek(buffered.Buffered())
	return socket, bytes.Clone(rest), err
}

// enter does what stands between the handshake and the first event: engine.io's open, and CONNECT.
func enter(socket net.Conn, buffered *bufio.Reader, token string) error {
	side := struct {
		io.Reader
		io.Writer
	}{buffered, socket}
	if text, err := wsutil.ReadServerText(side); err != nil || len(text) == 0 || text[0] != '0' {
		return fmt.Errorf("no open packet: %q %w", text, err)
	}
	if err := wsutil.WriteClientText(socket, []byte(`40{"token":"`+token+`"}`)); err != nil {
		return err
	}
	for {
		text, err := wsutil.ReadServerText(side)
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
	out = append(out, 0, 0, 0, 0, 0, 0, 0, 0)
	out = strconv.AppendInt(append(out, "42"...), int64(number), 10)
	out = append(append(out, `["send_message",{"conversation_id":"`...), s.conn.plan.Place...)
	out = p.run.appendID(append(out, `","client_message_id":"`...), s, number)
	out = p.run.content(append(out, `","content":"`...), s, number)
	out = append(out, `"}]`...)
	putHeader(out[begin:], len(out)-begin-8)
	return out
}

// putHeader fills the eight bytes of a text frame's header; a mask of zeros leaves the text as it is (RFC 6455, 5.3).
func putHeader(frame []byte, size int) {
	frame[0], frame[1] = 0x80|opText, 0x80|126
	frame[2], frame[3] = byte(size>>8), byte(size)
}

func appendFrame(out []byte, opcode byte, payload string) []byte {
	out = append(out, 0x80|opcode, 0x80|126, byte(len(payload)>>8), byte(len(payload)), 0, 0, 0, 0)
	return append(out, payload...)
}

func (p *socketIO) parse(r *run, c *conn, data []byte, now int64) (int, error) {
	used := 0
	for {
		opcode, payload, size := frame(data[used:])
		if size == 0 {
			return used, nil
		}
		used += size
		switch opcode {
		case opText:
			p.text(r, c, payload, now)
		case opPing:
			c.out = appendFrame(c.out, opPong, string(payload))
		case opPong:
		case opClose:
			return used, errors.New("closed by a frame")
		default:
			return used, fmt.Errorf("unexpected opcode %d", opcode)
		}
	}
}

// frame takes a server's (unmasked) frame apart; size is 0 where it is not whole.
func frame(data []byte) (opcode byte, payload []byte, size int) {
	if len(data) < 2 {
		return 0, nil, 0
	}
	head, length := 2, int(data[1]&0x7f)
	switch {
	case length == 126 && len(data) >= 4:
		head, length = 4, int(data[2])<<8|int(data[3])
	case length == 127 && len(data) >= 10:
		head, length = 10, 0
		for _, part := range data[2:10] {
			length = length<<8 | int(part)
		}
	case length > 125:
		return 0, nil, 0
	}
	if len(data) < head+length {
		return 0, nil, 0
	}
	if data[0]&0x80 == 0 {
		return 0x0f, nil, head + length // a fragment: no server here sends any
	}
	return data[0] & 0x0f, data[head : head+length], head + length
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
