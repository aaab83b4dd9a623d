package main

import (
	"errors"
	"fmt"
	"net"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	scratchBytes = 1 << 20
	longestWait  = 10 * time.Millisecond
)

// conn is one connected socket: what has come and is not whole, and what the kernel has not taken yet.
type conn struct {
	plan    *Connection
	codec   codec
	fd      int
	in, out []byte
	waiting bool // for room to write
	sender  *sender
	last    []int32 // by sender: how many of its messages have arrived here
	lastSeq int64
	told    int64 // when it last sent a receipt
	marked  int64 // the seq of that receipt
}

// codec is a protocol, after its log-in.
type codec interface {
	// message appends the sender's message number to out.
	message(out []byte, s *sender, number int) []byte
	// parse handles the whole units at the front of data and returns how many bytes they were.
	parse(r *run, c *conn, data []byte, now int64) (int, error)
}

// loop waits for sockets; it never makes a goroutine or tells the scheduler, which costs more than the calls.
type loop struct {
	fd      int
	conns   []*conn
	events  []unix.EpollEvent
	scratch []byte
}

func newLoop() (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &loop{fd: fd, events: make([]unix.EpollEvent, 512), scratch: make([]byte, scratchBytes)}, nil
}

// add takes a connected socket over from net, with what it has already said.
func (l *loop) add(c *conn, socket net.Conn, rest []byte) error {
	tcp, ok := socket.(*net.TCPConn)
	if !ok {
		return errors.New("not a TCP connection")
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var dupErr error
	if err := raw.Control(func(fd uintptr) { c.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return err
	}
	if dupErr != nil {
		return dupErr
	}
	if err := tcp.Close(); err != nil {
		return err
	}
	c.in = append(c.in, rest...)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(l.conns))}
	l.conns = append(l.conns, c)
	return unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, c.fd, &event)
}

// wait returns the events that are there, after at most wait nanoseconds.
func (l *loop) wait(wait int64) ([]unix.EpollEvent, error) {
	timeout := unix.NsecToTimespec(min(max(wait, 0), int64(longestWait)))
	count, _, errno := unix.RawSyscall6(
		unix.SYS_EPOLL_PWAIT2, uintptr(l.fd), uintptr(unsafe.Pointer(&l.events[0])), uintptr(len(l.events)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0,
	)
	if errno == unix.EINTR {
		return nil, nil
	}
	if errno != 0 {
		return nil, fmt.Errorf("epoll_pwait2: %w", errno)
	}
	return l.events[:count], nil
}

// read takes what a socket has, and hands whole units to its codec.
func (l *loop) read(r *run, c *conn) error {
	held := copy(l.scratch, c.in)
	count, err := unix.Read(c.fd, l.scratch[held:])
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return nil
	}
	if err != nil {
		return err
	}
	if count == 0 {
		return errors.New("closed by the server")
	}
	data := l.scratch[:held+count]
	used, err := c.codec.parse(r, c, data, monotonic())
	if err != nil {
		return err
	}
	if len(data)-used == len(l.scratch) {
		return errors.New("a unit is too large")
	}
	c.in = append(c.in[:0], data[used:]...)
	return nil
}

// flush writes what is to go out, and waits for room where the kernel takes no more.
func (l *loop) flush(c *conn, index int) error {
	for len(c.out) > 0 {
		count, err := unix.Write(c.fd, c.out)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			return l.watch(c, index, true)
		}
		if err != nil {
			return err
		}
		c.out = c.out[:copy(c.out, c.out[count:])]
	}
	return l.watch(c, index, false)
}

func (l *loop) watch(c *conn, index int, room bool) error {
	if c.waiting == room {
		return nil
	}
	c.waiting = room
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(index)}
	if room {
		event.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(l.fd, unix.EPOLL_CTL_MOD, c.fd, &event)
}

func (l *loop) drop(c *conn) {
	_ = unix.EpollCtl(l.fd, unix.EPOLL_CTL_DEL, c.fd, nil)
	_ = unix.Close(c.fd)
	c.fd = -1
}

func (l *loop) close() {
	for _, c := range l.conns {
		if c.fd >= 0 {
			l.drop(c)
		}
	}
	_ = unix.Close(l.fd)
}

// monotonic is the clock of everything here, in nanoseconds.
func monotonic() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano()
}
