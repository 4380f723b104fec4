package progress

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// screen is a terminal that two goroutines may look at.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestShortWorkShowsNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	var s screen
	stop := start(&s, "a.pcap", func() Figures { return Figures{Total: 100} }, time.Hour, time.Hour)
	stop()
	if s.String() != "" {
		t.Errorf("got %q", s.String())
	}
}

func TestLongWorkShowsNameAndRatesUntilItStops(t *testing.T) {
	for name, total := range map[string]int64{"a file": 100 << 20, "a pipe": 0} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			var s screen
			var calls int64
			read := func() Figures {
				calls++
				return Figures{Done: calls << 20, Total: total, Packets: uint64(calls) * 1000}
			}
			stop := start(&s, "evil\x1b[2J.pcap", read, time.Millisecond, time.Millisecond)
			for deadline := time.Now().Add(5 * time.Second); !strings.Contains(s.String(), "packets/s"); {
				if time.Now().After(deadline) {
					t.Fatal("nothing was shown")
				}
				time.Sleep(time.Millisecond)
			}
			stop()
			shown := s.String()
			if !strings.Contains(shown, "MB") {
				t.Errorf("no bytes in %q", shown)
			}
			if strings.Contains(shown, "evil\x1b[2J") || !strings.Contains(shown, `evil\x1b[2J.pcap`) {
				t.Errorf("the name was not made safe: %q", shown)
			}
			time.Sleep(5 * time.Millisecond)
			if s.String() != shown {
				t.Error("written after stop")
			}
			if !strings.HasSuffix(shown, "\r") {
				t.Errorf("the line was not wiped: %q", shown)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"a short name stays", "home.pcapng", "home.pcapng"},
		{"of a long path the end stays", "/var/captures/2026/11/home.pcapng", "es/2026/11/home.pcapng"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := shorten(tt.in)
			if !strings.HasSuffix(got, tt.want) || len([]rune(got)) > maxName {
				t.Errorf("got %q, want at most %d characters ending in %q", got, maxName, tt.want)
			}
		})
	}
}

func TestSI(t *testing.T) {
	for in, want := range map[float64]string{0: "0", 7: "7", 999: "999", 999.6: "1 k", 1234: "1.23 k", 2.76e6: "2.76 M", 3e9: "3 G", 4.5e12: "4.5e+03 G"} {
		if got := SI(in); got != want {
			t.Errorf("%v: got %q, want %q", in, got, want)
		}
	}
}
