package main

import (
	"bytes"
	"net"
	"strconv"
	"strings"
	"time"
)

// tinode speaks Tinode's JSON over WebSocket: {pub} is answered by {ctrl} with code 202, and arrives as {data}.
type tinode struct{ run *run }

// connectTinode says hello, logs in by a token and subscribes to the plan's topic.
func connectTinode(plan *Connection) (net.Conn, []byte, error) {
	return dialWebSocket(plan.Address, plan.Path, func(server *talk) error {
		questions := []string{
			`{"hi":{"id":"hi","ver":"0.22","ua":"driver"}}`,
			`{"login":{"id":"login","scheme":"token","secret":"` + plan.Token + `"}}`,
		}
		for _, question := range questions {
			if err := server.ask(question, `"code":20`, `"code":`); err != nil {
				return err
			}
		}
		if plan.Place == "" {
			return nil
		}
		return subscribe(server, plan.Place)
	})
}

// subscribe joins a topic; while others load it, it is locked.
func subscribe(server *talk, topic string) error {
	for deadline := time.Now().Add(logInWithin); ; time.Sleep(100 * time.Millisecond) {
		err := server.ask(`{"sub":{"id":"sub","topic":"`+topic+`"}}`, `"code":20`, `"code":`)
		if err == nil || !strings.Contains(err.Error(), "locked") || time.Now().After(deadline) {
			return err
		}
	}
}

func (p *tinode) message(out []byte, s *sender, number int) []byte {
	begin := len(out)
	out = append(beginFrame(out), `{"pub":{"id":"`...)
	out = append(strconv.AppendInt(out, int64(number), 10), `","topic":"`...)
	out = append(append(out, s.conn.plan.Place...), `","content":"`...)
	out = append(p.run.content(out, s, number), `"}}`...)
	return endFrame(out, begin)
}

func (p *tinode) parse(r *run, c *conn, data []byte, now int64) (int, error) {
	return parseFrames(c, data, func(text []byte) { p.text(r, c, text, now) })
}

func (p *tinode) text(r *run, c *conn, text []byte, now int64) {
	if bytes.HasPrefix(text, []byte(`{"data":`)) {
		if at := bytes.IndexByte(text, '~'); at >= 0 {
			if from, number, ok := r.mark(text[at:]); ok {
				r.delivered(c, from, number, now)
			}
		}
		return
	}
	if bytes.HasPrefix(text, []byte(`{"ctrl":`)) && c.sender != nil {
		stored := bytes.Contains(text, []byte(`"code":202`))
		if !stored {
			r.fail(c, "refused: "+string(text[:min(len(text), 160)]))
		}
		r.acknowledged(c.sender, int(digits(text, `"id":"`)), stored, now)
	}
}
