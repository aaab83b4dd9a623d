package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const (
	opText, opClose, opPing, opPong = 1, 8, 9, 10
	headerBytes                     = 8
	logInWithin                     = 30 * time.Second
)

// talk is a WebSocket during its log-in.
type talk struct {
	socket   net.Conn
	buffered *bufio.Reader
}

func (t *talk) read() ([]byte, error) {
	return wsutil.ReadServerText(struct {
		io.Reader
		io.Writer
	}{t.buffered, t.socket})
}

func (t *talk) write(text string) error {
	return wsutil.WriteClientText(t.socket, []byte(text))
}

// ask writes and reads on until an answer holds a word; an answer that holds refusal is an error.
func (t *talk) ask(question, word, refusal string) error {
	if err := t.write(question); err != nil {
		return err
	}
	for {
		text, err := t.read()
		if err != nil {
			return fmt.Errorf("asked %.60q: %w", question, err)
		}
		if bytes.Contains(text, []byte(word)) {
			return nil
		}
		if bytes.Contains(text, []byte(refusal)) {
			return fmt.Errorf("asked %.60q, got %.200q", question, text)
		}
	}
}

// dialWebSocket opens a WebSocket and logs in; what the server has said behind that is returned as rest.
func dialWebSocket(address, path string, logIn func(*talk) error) (net.Conn, []byte, error) {
	context, cancel := context.WithTimeout(context.Background(), logInWithin)
	defer cancel()
	socket, buffered, _, err := ws.Dial(context, "ws://"+address+path)
	if err != nil {
		return nil, nil, err
	}
	if err := socket.SetDeadline(time.Now().Add(logInWithin)); err != nil {
		return nil, nil, err
	}
	if buffered == nil {
		buffered = bufio.NewReader(socket)
	}
	if err := logIn(&talk{socket, buffered}); err != nil {
		return nil, nil, err
	}
	rest, err := buffered.Peek(buffered.Buffered())
	return socket, bytes.Clone(rest), err
}

// beginFrame makes room for a header, which endFrame fills when the text stands behind it.
func beginFrame(out []byte) []byte {
	return append(out, 0, 0, 0, 0, 0, 0, 0, 0)
}

// endFrame writes the header of the text frame that began there; a mask of zeros leaves the text as it is (RFC 6455,
// 5.3).
func endFrame(out []byte, begin int) []byte {
	size := len(out) - begin - headerBytes
	out[begin], out[begin+1] = 0x80|opText, 0x80|126
	out[begin+2], out[begin+3] = byte(size>>8), byte(size)
	return out
}

func appendFrame(out []byte, opcode byte, payload string) []byte {
	out = append(out, 0x80|opcode, 0x80|byte(126), byte(len(payload)>>8), byte(len(payload)), 0, 0, 0, 0)
	return append(out, payload...)
}

// parseFrames hands the texts of whole frames on, answers pings, and returns how many bytes that was.
func parseFrames(c *conn, data []byte, text func([]byte)) (int, error) {
	used := 0
	for {
		opcode, payload, size := frame(data[used:])
		if size == 0 {
			return used, nil
		}
		used += size
		switch opcode {
		case opText:
			text(payload)
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
