package main

import "math/bits"

const (
	subBits = 7 // 128 steps in each power of two: 0.8 % wide
	sub     = 1 << subBits
)

// histogram counts durations in nanoseconds.
type histogram struct {
	counts [(64 - subBits) * sub]uint32
	total  int
	max    int64
}

// Quantiles of a histogram, in milliseconds.
type Quantiles struct {
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
	Count int     `json:"count"`
}

func (h *histogram) add(ns int64) {
	if ns < 0 {
		ns = 0
	}
	h.counts[slot(uint64(ns))]++
	h.total++
	h.max = max(h.max, ns)
}

func slot(ns uint64) int {
	shift := bits.Len64(ns) - subBits - 1
	if shift <= 0 {
		return int(ns)
	}
	return shift<<subBits + int(ns>>shift)
}

// lower is the inverse of slot: the least duration that it holds.
func lower(index int) int64 {
	if index < 2*sub {
		return int64(index)
	}
	shift := index>>subBits - 1
	return int64(index-shift<<subBits) << shift
}

func (h *histogram) at(share float64) float64 {
	wanted := int(share * float64(h.total))
	for index, count := range h.counts {
		wanted -= int(count)
		if wanted < 0 {
			return milliseconds(lower(index))
		}
	}
	return milliseconds(h.max)
}

func (h *histogram) quantiles() Quantiles {
	return Quantiles{
		P50: h.at(0.5), P90: h.at(0.9), P99: h.at(0.99), P999: h.at(0.999), Max: milliseconds(h.max), Count: h.total,
	}
}

func milliseconds(ns int64) float64 {
	return float64(ns) / 1e6
}
