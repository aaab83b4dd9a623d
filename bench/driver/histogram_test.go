package main

import "testing"

func TestSlotsKeepDurationsWithinOnePercent(t *testing.T) {
	for _, ns := range []int64{0, 1, 127, 128, 255, 256, 257, 999, 1_000_000, 123_456_789, 60_000_000_000} {
		low := lower(slot(uint64(ns)))
		if low > ns || float64(ns-low) > 0.01*float64(ns) {
			t.Errorf("%d is counted as %d", ns, low)
		}
	}
}

func TestQuantilesOfEvenlySpreadDurations(t *testing.T) {
	var h histogram
	for ms := int64(1); ms <= 1000; ms++ {
		h.add(ms * 1_000_000)
	}
	found := h.quantiles()
	if found.P50 < 495 || found.P50 > 505 || found.P99 < 980 || found.P99 > 1000 || found.Max != 1000 {
		t.Errorf("unexpected: %+v", found)
	}
}
