package web

import (
	"net/netip"
	"time"
)

// Remembered is how many of some clients a throttle remembers.
func Remembered(clients int) int {
	t := newThrottle(askRate, askBurst)
	for i := range clients {
		at := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		t.wait(netip.PrefixFrom(at, 32), time.Unix(int64(i), 0))
	}
	return max(len(t.clients), t.recent.Len())
}
