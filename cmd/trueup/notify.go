package main

import (
	"context"
	"net"

	"github.com/rs/zerolog"
)

// notify tells a service manager that asked for it (systemd, Type=notify) how the
// worker stands. One that cannot be told is no reason to stop.
func notify(ctx context.Context, e env, state string, log zerolog.Logger) {
	socket := e.getenv("NOTIFY_SOCKET") // one that begins with @ is abstract, which net knows
	if socket == "" {
		return
	}
	conn, err := new(net.Dialer).DialContext(context.WithoutCancel(ctx), "unixgram", socket)
	if err == nil {
		defer conn.Close()
		_, err = conn.Write([]byte(state))
	}
	if err != nil {
		log.Warn().Err(err).Msg("the service manager could not be told")
	}
}
