package main

import (
	"bytes"
	"encoding/hex"
	"strconv"
)

const (
	runDigits    = 6
	senderDigits = 4
	numberDigits = 8
	markBytes    = 1 + runDigits + senderDigits + numberDigits + 1
)

const filling = " a message of usual size, as people write them: a sentence, and perhaps a second one."

// content appends a message's text: a mark that tells run, sender and number, and words up to the wanted size.
func (r *run) content(out []byte, s *sender, number int) []byte {
	out = append(out, '~')
	out = append(out, r.plan.Run...)
	out = appendHex(out, uint64(s.index), senderDigits)
	out = appendHex(out, uint64(number), numberDigits)
	out = append(out, '~')
	for left := r.plan.ContentBytes - markBytes; left > 0; left -= len(filling) {
		out = append(out, filling[:min(left, len(filling))]...)
	}
	return out
}

// mark reads sender and number at a '~'; ok is false for another run's, or other text.
func (r *run) mark(text []byte) (from, number int, ok bool) {
	if len(text) < markBytes || string(text[1:1+runDigits]) != r.plan.Run || text[markBytes-1] != '~' {
		return 0, 0, false
	}
	from, ok = parseHex(text[1+runDigits : 1+runDigits+senderDigits])
	if !ok {
		return 0, 0, false
	}
	number, ok = parseHex(text[1+runDigits+senderDigits : markBytes-1])
	return from, number, ok
}

func appendHex(out []byte, value uint64, digits int) []byte {
	for shift := (digits - 1) * 4; shift >= 0; shift -= 4 {
		out = append(out, "0123456789abcdef"[value>>shift&15])
	}
	return out
}

func parseHex(text []byte) (int, bool) {
	value := 0
	for _, digit := range text {
		switch {
		case digit >= '0' && digit <= '9':
			value = value<<4 | int(digit-'0')
		case digit >= 'a' && digit <= 'f':
			value = value<<4 | int(digit-'a'+10)
		default:
			return 0, false
		}
	}
	return value, true
}

// appendID appends a random-looking UUID (version 4) that a run, sender and number always give again.
func (r *run) appendID(out []byte, s *sender, number int) []byte {
	seed, _ := strconv.ParseUint(r.plan.Run, 16, 64)
	high := scramble(seed<<32 | uint64(s.index))
	high, low := scramble(high^uint64(number)), scramble(high+uint64(number))
	var id [16]byte
	for i := range 8 {
		id[i], id[8+i] = byte(high>>(8*i)), byte(low>>(8*i))
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	out = hex.AppendEncode(out, id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		out = hex.AppendEncode(append(out, '-'), part)
	}
	return out
}

// scramble is the finalizer of splitmix64.
func scramble(value uint64) uint64 {
	value += 0x9e3779b97f4a7c15
	value = (value ^ value>>30) * 0xbf58476d1ce4e5b9
	value = (value ^ value>>27) * 0x94d049bb133111eb
	return value ^ value>>31
}

// digits reads a decimal number behind a label; -1 where there is none.
func digits(text []byte, label string) int64 {
	at := bytes.Index(text, []byte(label))
	if at < 0 {
		return -1
	}
	value, found := int64(0), false
	for _, digit := range text[at+len(label):] {
		if digit < '0' || digit > '9' {
			break
		}
		value, found = value*10+int64(digit-'0'), true
	}
	if !found {
		return -1
	}
	return value
}
