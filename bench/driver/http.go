package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
)

const pageSize = 50

// http speaks HTTP/1.1 on a connection that stays open, one request at a time.
type http struct {
	run      *run
	write    func(out []byte, s *sender, number int) []byte
	answered int
}

func (p *http) message(out []byte, s *sender, number int) []byte {
	return p.write(out, s, number)
}

// postMessage appends POST /message.
func (r *run) postMessage(out []byte, s *sender, number int) []byte {
	body := append(make([]byte, 0, 512), `{"conversation_id":"`...)
	body = append(append(body, s.conn.plan.Place...), `","client_message_id":"`...)
	body = append(r.appendID(body, s, number), `","content":"`...)
	body = append(r.content(body, s, number), `"}`...)
	out = append(r.head(out, "POST ", s.conn.plan.Path, s), "Content-Type: application/json\r\nContent-Length: "...)
	out = append(strconv.AppendInt(out, int64(len(body)), 10), "\r\n\r\n"...)
	return append(out, body...)
}

// getHistory appends a GET of a page that ends at a random place.
func (r *run) getHistory(out []byte, s *sender, _ int) []byte {
	before := pageSize + 1 + rand.IntN(max(1, s.conn.plan.LastSeq-pageSize))
	path := fmt.Sprintf("%s?limit=%d&before_seq=%d", s.conn.plan.Path, pageSize, before)
	return append(r.head(out, "GET ", path, s), "\r\n"...)
}

func (r *run) head(out []byte, method, path string, s *sender) []byte {
	out = append(append(out, method...), path...)
	out = append(append(out, " HTTP/1.1\r\nHost: "...), s.conn.plan.Address...)
	out = append(append(out, "\r\nAuthorization: Bearer "...), s.conn.plan.Token...)
	return append(out, "\r\n"...)
}

func (p *http) parse(r *run, c *conn, data []byte, now int64) (int, error) {
	head := bytes.Index(data, []byte("\r\n\r\n"))
	if head < 0 {
		return 0, nil
	}
	length := digits(bytes.ToLower(data[:head]), "content-length: ")
	if length < 0 {
		return 0, fmt.Errorf("an answer without Content-Length: %q", data[:head])
	}
	end := head + 4 + int(length)
	if len(data) < end {
		return 0, nil
	}
	good := bytes.HasPrefix(data, []byte("HTTP/1.1 20"))
	if !good {
		r.fail(c, fmt.Sprintf("%q", data[:min(end, head+200)]))
	}
	r.acknowledged(c.sender, p.answered, good, now)
	p.answered++
	return end, nil
}
