//go:build tools

// Package tools names the programs that go.mod and go.sum pin: Tinode's server, and what makes its database.
package tools

import (
	_ "github.com/tinode/chat/server"
	_ "github.com/tinode/chat/tinode-db"
)
