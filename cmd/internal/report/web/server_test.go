package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
)

// TestMain: no test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should be at once.
const patience = 20 * time.Second

// boom is a text that cannot be rendered.
const boom = "boom"

// site is a server under test.
type site struct {
	*Server
	url  string
	mu   sync.Mutex
	said []string
	text atomic.Value
	asks atomic.Int64 // for updates
}

func (s *site) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, text)
}

// made is a page of text.
type made struct{ *site }

const madePolicy = "default-src 'none'; script-src 'sha256-x'; frame-ancestors 'none'"

func (m made) Page() (document []byte, policy string, err error) {
	switch text := m.text.Load().(string); text {
	case boom:
		return nil, "", errors.New("cannot be made\x1b[31m")
	default:
		return []byte("<!doctype html>" + text), madePolicy, nil
	}
}

func (m made) Update() ([]byte, error) {
	m.asks.Add(1)
	if text := m.text.Load().(string); text != boom {
		return []byte(text), nil
	}
	return nil, errors.New("cannot be made")
}

// opened starts a server on loopback, which is closed with the test.
func opened(t *testing.T, t_ times, metrics prometheus.Gatherer) *site {
	t.Helper()
	at, err := ParseAddr(":0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{url: "http://" + l.Addr().String()}
	s.text.Store("telegram <b>&works")
	if metrics == nil {
		r := prometheus.NewRegistry()
		r.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "chokepoint_made"}))
		metrics = r
	}
	s.Server = newServer(l, Options{Metrics: metrics, Page: made{s}, Log: s.say, Every: 10 * time.Millisecond}, t_)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// get returns an answer to a request that edit has changed.
func (s *site) get(t *testing.T, path string, edit func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(r)
	}
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a, string(b)
}

func TestTheSite(t *testing.T) {
	s := opened(t, usual, nil)
	for _, c := range []struct {
		path, host string
		code       int
		kind, has  string
	}{
		{"/", "", 200, "text/html", "telegram <b>&works"},
		{"/?x=1", "", 200, "text/html", "telegram"},
		{"/metrics", "", 200, "text/plain", "chokepoint_made 0"},
		{"/metrics/", "", 404, "text/plain", "there is /"},
		{"//metrics", "", 404, "text/plain", "there is /"},
		{"/debug/pprof/", "", 404, "text/plain", "there is /"},
		{"/%2e%2e/etc/passwd", "", 404, "text/plain", "there is /"},
		{"/metrics", "evil.example", 421, "text/plain", "answers to that address only"},
		{"/", "evil.example" + s.url[strings.LastIndexByte(s.url, ':'):], 421, "text/plain", "answers to that address only"},
	} {
		a, text := s.get(t, c.path, func(r *http.Request) { r.Host = c.host })
		if a.StatusCode != c.code || !strings.HasPrefix(a.Header.Get("Content-Type"), c.kind) || !strings.Contains(text, c.has) {
			t.Errorf("%s of %q: %d %s %q", c.path, c.host, a.StatusCode, a.Header.Get("Content-Type"), text)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "", "Server": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", c.path, name, got)
			}
		}
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", c.path, policy)
		}
		if isPage := c.kind == "text/html"; (policy == madePolicy) != isPage {
			t.Errorf("%s: policy %q", c.path, policy)
		}
	}
}

// stream is a client that listens.
type stream struct {
	lines *bufio.Scanner
	end   func()
	code  int
}

func (s *site) listen(t *testing.T) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	x := &stream{lines: bufio.NewScanner(a.Body), code: a.StatusCode, end: sync.OnceFunc(func() { cancel(); a.Body.Close() })}
	t.Cleanup(x.end)
	return x
}

// until reads on to a line, and returns what stood before it.
func (x *stream) until(t *testing.T, line string) (before []string) {
	t.Helper()
	for x.lines.Scan() {
		if x.lines.Text() == line {
			return before
		}
		before = append(before, x.lines.Text())
	}
	t.Fatalf("%q never came: %q, %v", line, before, x.lines.Err())
	return nil
}

func TestEvents(t *testing.T) {
	brief := usual
	brief.answer, brief.pulse = 200*time.Millisecond, 50*time.Millisecond
	s := opened(t, brief, nil)
	time.Sleep(5 * s.opt.Every)
	if n := s.asks.Load(); n != 0 {
		t.Errorf("rendered %d times for nobody", n)
	}
	x := s.listen(t)
	if before := x.until(t, "data: telegram <b>&works"); !slices.Contains(before, "event: update") {
		t.Errorf("before it: %q", before)
	}
	s.text.Store("one\r\n\rtwo\n\ndata: forged")
	x.until(t, "data: one")
	for _, line := range []string{"data: ", "data: two", "data: ", "data: data: forged", ""} { // no line end of the text ends the event
		if !x.lines.Scan() || x.lines.Text() != line {
			t.Errorf("%q, want %q", x.lines.Text(), line)
		}
	}
	began := time.Now()
	for time.Since(began) < 3*brief.answer { // longer than any answer may take
		if before := x.until(t, ":"); slices.ContainsFunc(before, func(l string) bool { return strings.HasPrefix(l, "data") }) {
			t.Errorf("told again what had not changed: %q", before)
		}
	}
	y := s.listen(t) // who comes later knows it at once
	y.until(t, "data: one")
	y.end()
	x.end()
	for end := time.Now().Add(patience); s.hub.heard(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("who left is still told")
		}
	}
}

func TestFewListen(t *testing.T) {
	s := opened(t, usual, nil)
	var all []*stream
	for range maxListeners {
		x := s.listen(t)
		x.until(t, "data: telegram <b>&works")
		all = append(all, x)
	}
	if x := s.listen(t); x.code != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", x.code)
	}
	if a, _ := s.get(t, "/metrics", nil); a.StatusCode != 200 {
		t.Errorf("Prometheus is kept out: %d", a.StatusCode)
	}
	all[0].end()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if x := s.listen(t); x.code == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatal("its place is not free")
		}
	}
}

// TestTheSlowAreDropped: a client that does not read loses its place, the others and
// who renders do not wait for it.
func TestTheSlowAreDropped(t *testing.T) {
	brief := usual
	brief.read = 200 * time.Millisecond
	s := opened(t, brief, nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: %s\r\n\r\n", strings.TrimPrefix(s.url, "http://"))
	x := s.listen(t)
	x.lines.Buffer(nil, 8<<20)
	x.until(t, "data: telegram <b>&works")
	listeners := func() int {
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		return len(s.hub.listeners)
	}
	if n := listeners(); n != 2 {
		t.Fatalf("%d listen", n)
	}
	for n, end := 0, time.Now().Add(patience); listeners() != 1; n++ {
		text := fmt.Sprint(n, strings.Repeat("x", 1<<20))
		s.text.Store(text)
		x.until(t, "data: "+text)
		if time.Now().After(end) {
			t.Fatal("it is still there")
		}
	}
	s.text.Store("after")
	x.until(t, "data: after")
}

// TestTheEnd: those who listen do not hold it up, and neither does who says nothing.
func TestTheEnd(t *testing.T) {
	s := opened(t, usual, nil)
	x := s.listen(t)
	x.until(t, "data: telegram <b>&works")
	mute, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	fmt.Fprint(mute, "GET /")
	began := time.Now()
	s.Close()
	s.Close()
	if took := time.Since(began); took > usual.goodbye+patience/4 {
		t.Errorf("took %v", took)
	}
	for x.lines.Scan() {
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(s.url, "http://"), time.Second); err == nil {
		t.Error("it listens still")
	}
	l, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	New(l, Options{Metrics: prometheus.NewRegistry(), Page: made{s}}).Close() // never started
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("a server that was never started listens still")
	}
}

// TestTheDawdling: who does not say what he wants is sent away; headers are limited.
func TestTheDawdling(t *testing.T) {
	brief := usual
	brief.header = 100 * time.Millisecond
	s := opened(t, brief, nil)
	for _, x := range []struct{ name, text, want string }{
		{"half a request", "GET /metrics HTTP/1.1\r\nHost:", ""},
		{"a very long header", "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "431 "},
	} {
		began := time.Now()
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = c.Write([]byte(x.text))
		answer, err := io.ReadAll(c)
		var late net.Error
		if errors.As(err, &late) && late.Timeout() || !bytes.Contains(answer, []byte(x.want)) || time.Since(began) > usual.answer/2 {
			t.Errorf("%s: %q %v after %v", x.name, answer, err, time.Since(began))
		}
		c.Close()
	}
}

// failing is a gatherer that cannot.
type failing struct{}

func (failing) Gather() ([]*dto.MetricFamily, error) { return nil, errors.New("cannot\x1b[31m") }

// Faults of ours are told, and end nothing.
func TestFaults(t *testing.T) {
	s := opened(t, usual, failing{})
	if a, _ := s.get(t, "/metrics", nil); a.StatusCode != http.StatusInternalServerError {
		t.Errorf("%d", a.StatusCode)
	}
	s.text.Store(boom)
	if a, _ := s.get(t, "/", nil); a.StatusCode != http.StatusInternalServerError {
		t.Errorf("%d", a.StatusCode)
	}
	x := s.listen(t)
	x.until(t, "retry: 3000")
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		said := strings.Join(s.said, "\n")
		s.mu.Unlock()
		if strings.Contains(said, "cannot") && strings.Contains(said, "not brought up to date") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("said %q", said)
		}
	}
	if a, _ := s.get(t, "/nothing", nil); a.StatusCode != http.StatusNotFound {
		t.Errorf("it ended: %d", a.StatusCode)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	l, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(boundTo(l)); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Error(err)
	}
}
