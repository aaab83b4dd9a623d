package main

import (
	"errors"
	"fmt"
	"net"
)

const (
	maxConnections = 20_000
	maxMessages    = 5_000_000
	maxSeconds     = 600
	maxInFlight    = 250
)

// Plan is what a run does. Every connection is a member; those with Sends send.
type Plan struct {
	Run         string       `json:"run"` // six hexadecimal digits, in the text of every message of this run
	Connections []Connection `json:"connections"`

	Rate         float64 `json:"rate"`   // messages a second over all senders; 0: as fast as answers come
	Window       int     `json:"window"` // messages of one sender that may be unanswered
	WarmS        float64 `json:"warm_s"` // at the beginning, not measured
	Seconds      float64 `json:"seconds"`
	DrainS       float64 `json:"drain_s"` // how long the end waits for answers and deliveries
	ContentBytes int     `json:"content_bytes"`

	ReceiptsEveryS float64 `json:"receipts_every_s"` // 0: receivers send none
}

// Connection is one socket and who speaks through it.
type Connection struct {
	Protocol string `json:"protocol"` // socketio, xmpp, tinode, http-send or http-history
	Address  string `json:"address"`  // host:port
	Path     string `json:"path"`     // of Socket.IO or of HTTP
	Token    string `json:"token"`
	User     string `json:"user"`     // XMPP: local part; its password is the same
	Domain   string `json:"domain"`   // XMPP
	Place    string `json:"place"`    // the conversation's id, or the room's address
	Register bool   `json:"register"` // XMPP: make the account first

	Sends     bool `json:"sends"`
	Receivers int  `json:"receivers"` // how many connections are to get each of its messages
	LastSeq   int  `json:"last_seq"`  // http-history: pages end at a random number up to this
}

func (p *Plan) check() error {
	switch {
	case len(p.Run) != runDigits:
		return errors.New("plan: run must have six digits")
	case len(p.Connections) == 0 || len(p.Connections) > maxConnections:
		return fmt.Errorf("plan: 1 to %d connections", maxConnections)
	case p.Seconds <= 0 || p.WarmS < 0 || p.DrainS < 0 || p.Seconds+p.WarmS+p.DrainS > maxSeconds:
		return fmt.Errorf("plan: at most %d seconds", maxSeconds)
	case p.Window < 1 || p.Window > maxInFlight:
		return fmt.Errorf("plan: window from 1 to %d", maxInFlight)
	case p.Rate < 0 || p.Rate*(p.Seconds+p.WarmS) > maxMessages:
		return fmt.Errorf("plan: at most %d messages", maxMessages)
	}
	for i := range p.Connections {
		host, _, err := net.SplitHostPort(p.Connections[i].Address)
		if err != nil {
			return fmt.Errorf("plan: %w", err)
		}
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			return fmt.Errorf("plan: %s is not a loopback address", host)
		}
	}
	return nil
}

// Result is what a run measured. Latencies are in milliseconds and count from the time a message was meant to be sent.
type Result struct {
	Seconds         float64        `json:"seconds"`
	Sent            int            `json:"sent"`
	Acknowledged    int            `json:"acknowledged"`  // of those meant to be sent while measuring
	AckedInTime     int            `json:"acked_in_time"` // acknowledgements that came while measuring
	Refused         int            `json:"refused"`
	Unsent          int            `json:"unsent"` // due, and held back by the window to the end
	Deliveries      int            `json:"deliveries"`
	ExpectedTotal   int            `json:"expected_total"` // deliveries that all acknowledged messages must give
	DeliveredAll    int            `json:"delivered_total"`
	AckedTotal      int            `json:"acked_total"`
	Disorder        int            `json:"disorder"` // arrivals out of their sender's order, twice, or behind a gap
	DeliveredInTime int            `json:"delivered_in_time"`
	Ack             Quantiles      `json:"ack_ms"`
	EndToEnd        Quantiles      `json:"end_to_end_ms"`
	AckedBySecond   []int          `json:"acked_by_second"`
	CPUSeconds      float64        `json:"cpu_s"` // the driver's own, while measuring
	DrainedS        float64        `json:"drained_s"`
	Errors          map[string]int `json:"errors"`
}
