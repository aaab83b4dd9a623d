package main

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"time"

	"golang.org/x/sys/unix"
)

const (
	tick  = 200 * time.Microsecond // messages due within one are sent together
	never = math.MaxInt64

	maxErrorKinds = 10
)

var numbers = regexp.MustCompile(`[0-9]+`)

// sender is who sends, and how far that has got.
type sender struct {
	conn      *conn
	connIndex int
	index     int
	next      int     // number of the next message
	meant     []int64 // by number: when it was meant to be sent
	inFlight  int
	acked     []bool
}

// run is the state of one measurement; times are of the monotonic clock, in nanoseconds.
type run struct {
	plan    *Plan
	loop    *loop
	senders []*sender

	started, measured, ends int64
	ack, endToEnd           *histogram
	cpu                     time.Duration
	drained                 int64

	out Result
}

func newRun(plan *Plan) (*run, error) {
	l, err := newLoop()
	if err != nil {
		return nil, err
	}
	return &run{
		plan: plan, loop: l, ack: &histogram{}, endToEnd: &histogram{},
		out: Result{Errors: map[string]int{}, AckedBySecond: make([]int, int(math.Ceil(plan.Seconds)))},
	}, nil
}

func (r *run) close() {
	r.loop.close()
}

// work warms up, measures, and waits for what is still to come.
func (r *run) work() error {
	r.started = monotonic()
	r.measured = r.started + int64(r.plan.WarmS*1e9)
	r.ends = r.measured + int64(r.plan.Seconds*1e9)
	if err := r.until(r.measured, nil); err != nil {
		return err
	}
	before := ownCPU()
	fmt.Fprintln(os.Stdout, "begin")
	if err := r.until(r.ends, nil); err != nil {
		return err
	}
	r.cpu = ownCPU() - before
	fmt.Fprintln(os.Stdout, "end")
	r.countUnsent()
	err := r.until(r.ends+int64(r.plan.DrainS*1e9), r.settled)
	r.drained = monotonic()
	return err
}

// until runs the loop to a time, or until done says so.
func (r *run) until(end int64, done func() bool) error {
	for now := monotonic(); now < end && (done == nil || !done()); now = monotonic() {
		next := min(end, r.sendDue(now))
		events, err := r.loop.wait(next - monotonic())
		if err != nil {
			return err
		}
		for i := range events {
			r.handle(int(events[i].Fd), events[i].Events)
		}
	}
	return nil
}

func (r *run) handle(index int, events uint32) {
	c := r.loop.conns[index]
	if c.fd < 0 {
		return
	}
	var err error
	if events&^uint32(unix.EPOLLOUT) != 0 {
		err = r.loop.read(r, c)
	}
	if err == nil && c.sender != nil {
		r.pump(c.sender, monotonic())
	}
	if err == nil {
		r.receipt(c)
		err = r.loop.flush(c, index)
	}
	if err != nil {
		r.fail(c, err.Error())
		r.loop.drop(c)
	}
}

// fail counts an error; those that differ in numbers only are the same, and of too many kinds the rest is one.
func (r *run) fail(c *conn, what string) {
	kind := c.plan.Protocol + ": " + numbers.ReplaceAllLiteralString(what, "#")
	if _, known := r.out.Errors[kind]; !known && len(r.out.Errors) >= maxErrorKinds {
		kind = "other errors"
	}
	r.out.Errors[kind]++
}

// sendDue sends what is due everywhere and returns when to look again.
func (r *run) sendDue(now int64) int64 {
	if now >= r.ends {
		return never
	}
	next := int64(never)
	for _, s := range r.senders {
		if s.conn.fd < 0 {
			continue
		}
		if r.due(s) <= now && r.pump(s, now) {
			if err := r.loop.flush(s.conn, s.connIndex); err != nil {
				r.fail(s.conn, err.Error())
				r.loop.drop(s.conn)
			}
		}
		if s.inFlight < r.plan.Window {
			next = min(next, r.due(s))
		}
	}
	if next == never {
		return never
	}
	return max(next, now+int64(tick))
}

// due is when the sender's next message is meant to be sent: senders take turns, evenly.
func (r *run) due(s *sender) int64 {
	if r.plan.Rate == 0 {
		return r.started
	}
	turn := float64(s.next*len(r.senders) + s.index)
	return r.started + int64(turn/r.plan.Rate*1e9)
}

// pump puts the sender's due messages into its buffer, as far as the window allows.
func (r *run) pump(s *sender, now int64) bool {
	if now >= r.ends {
		return false
	}
	any := false
	for s.inFlight < r.plan.Window && s.next < maxMessages {
		due := r.due(s)
		if due > now {
			break
		}
		if r.plan.Rate == 0 {
			due = now
		}
		s.conn.out = s.conn.codec.message(s.conn.out, s, s.next)
		s.meant = append(s.meant, due)
		s.acked = append(s.acked, false)
		s.next++
		s.inFlight++
		any = true
		if due >= r.measured {
			r.out.Sent++
		}
	}
	return any
}

func (r *run) countUnsent() {
	if r.plan.Rate == 0 {
		return
	}
	for _, s := range r.senders {
		meant := int(math.Ceil((float64(r.ends-r.started)/1e9*r.plan.Rate - float64(s.index)) / float64(len(r.senders))))
		r.out.Unsent += max(0, meant-s.next)
	}
}

func (r *run) settled() bool {
	for _, s := range r.senders {
		if s.inFlight > 0 && s.conn.fd >= 0 {
			return false
		}
	}
	return r.out.DeliveredAll >= r.out.ExpectedTotal
}

// acknowledged counts the answer to a message.
func (r *run) acknowledged(s *sender, number int, stored bool, now int64) {
	if number < 0 || number >= s.next || s.acked[number] {
		r.fail(s.conn, "an unknown acknowledgement")
		return
	}
	s.acked[number] = true
	s.inFlight--
	if !stored {
		r.out.Refused++
		return
	}
	r.out.AckedTotal++
	r.out.ExpectedTotal += s.conn.plan.Receivers
	if now >= r.measured && now < r.ends {
		r.out.AckedInTime++
		r.out.AckedBySecond[int((now-r.measured)/1e9)]++
	}
	if s.meant[number] >= r.measured {
		r.out.Acknowledged++
		r.ack.add(now - s.meant[number])
	}
}

// delivered counts the arrival of a message at a connection; numbers count from 0.
func (r *run) delivered(c *conn, from, number int, now int64) {
	if from >= len(r.senders) || number >= r.senders[from].next {
		r.fail(c, "an unknown message")
		return
	}
	if c.last[from] != int32(number) {
		r.out.Disorder++
	}
	c.last[from] = int32(number) + 1
	r.out.DeliveredAll++
	if now >= r.measured && now < r.ends {
		r.out.DeliveredInTime++
	}
	if meant := r.senders[from].meant[number]; meant >= r.measured {
		r.out.Deliveries++
		r.endToEnd.add(now - meant)
	}
}

func (r *run) result() Result {
	r.out.Seconds = r.plan.Seconds
	r.out.Ack, r.out.EndToEnd = r.ack.quantiles(), r.endToEnd.quantiles()
	r.out.CPUSeconds = r.cpu.Seconds()
	r.out.DrainedS = float64(r.drained-r.ends) / 1e9
	return r.out
}

func ownCPU() time.Duration {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
