package main

import (
	"fmt"
	"net"
	"sync"
)

const connectingAtOnce = 32

// opened is a socket after its log-in.
type opened struct {
	socket net.Conn
	rest   []byte
	err    error
}

// connect opens all connections, many at once, and hands them to the loop in the plan's order.
func (r *run) connect() error {
	all := make([]opened, len(r.plan.Connections))
	var group sync.WaitGroup
	places := make(chan struct{}, connectingAtOnce)
	for i := range all {
		group.Add(1)
		go func() {
			defer group.Done()
			places <- struct{}{}
			all[i].socket, all[i].rest, all[i].err = open(&r.plan.Connections[i])
			<-places
		}()
	}
	group.Wait()
	for i := range all {
		if err := r.take(i, all[i]); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	for _, c := range r.loop.conns {
		c.last = make([]int32, len(r.senders))
	}
	return nil
}

func open(plan *Connection) (net.Conn, []byte, error) {
	switch plan.Protocol {
	case "socketio":
		return connectSocketIO(plan)
	case "xmpp":
		return connectXMPP(plan)
	case "tinode":
		return connectTinode(plan)
	case "http-send", "http-history":
		socket, err := net.DialTimeout("tcp", plan.Address, logInWithin)
		return socket, nil, err
	default:
		return nil, nil, fmt.Errorf("unknown protocol %q", plan.Protocol)
	}
}

func (r *run) codec(plan *Connection) codec {
	switch plan.Protocol {
	case "xmpp":
		return &xmpp{run: r}
	case "tinode":
		return &tinode{run: r}
	case "http-send":
		return &http{run: r, write: r.postMessage}
	case "http-history":
		return &http{run: r, write: r.getHistory}
	default:
		return &socketIO{run: r}
	}
}

func (r *run) take(index int, found opened) error {
	if found.err != nil {
		return found.err
	}
	plan := &r.plan.Connections[index]
	c := &conn{plan: plan, codec: r.codec(plan)}
	if plan.Sends {
		c.sender = &sender{conn: c, connIndex: index, index: len(r.senders)}
		r.senders = append(r.senders, c.sender)
	}
	return r.loop.add(c, found.socket, found.rest)
}
