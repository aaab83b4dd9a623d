// Command driver is the load generator of `python -m bench`: one thread, one epoll loop, as little work per frame as
// possible, because it shares the machine with what it measures.
//
// It reads a Plan as JSON from standard input, connects, and prints lines on standard output: "begin" when measuring
// starts, "end" when it ends (the harness reads the processes' CPU clocks then), and the Result as JSON. It speaks to
// loopback addresses only and is bounded in sockets, messages and time.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

const memoryLimit = 2 << 30

func main() {
	if err := drive(); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}

func drive() error {
	// Collecting garbage would stop the loop; what a run allocates fits into memory.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
	var plan Plan
	if err := json.NewDecoder(os.Stdin).Decode(&plan); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if err := plan.check(); err != nil {
		return err
	}
	run, err := newRun(&plan)
	if err != nil {
		return err
	}
	defer run.close()
	if err := run.connect(); err != nil {
		return err
	}
	if err := run.work(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(run.result())
}
