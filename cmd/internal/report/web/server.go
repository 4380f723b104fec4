package web

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
)

// Limits. A scrape takes some ten milliseconds, and a page less.
const (
	maxHeader  = 8 << 10 // bytes, and net/http's slack of 4096
	maxOpen    = 64      // connections; others wait
	maxScrapes = 4       // at once
)

// times are how long each may take. Tests have less patience.
type times struct {
	header, answer, idle time.Duration
	// read is how long a client may take to make room for an event.
	read time.Duration
	// pulse is between two signs of life where nothing changes: proxies and browsers
	// give up on what is silent for longer, and a client that went away shows.
	pulse   time.Duration
	goodbye time.Duration
}

var usual = times{header: 5 * time.Second, answer: 10 * time.Second, idle: time.Minute, read: 5 * time.Second,
	pulse: 15 * time.Second, goodbye: time.Second}

// Renderer makes the page. Its methods are called from any goroutine, for nobody who
// captures waits.
type Renderer interface {
	// Page is a whole document, and the policy that it is under: what the program
	// carries is allowed by its hash, never what was rendered.
	Page() (document []byte, policy string, err error)
	// Update is what the script in it brings it up to date with; the same again: nothing
	// changed.
	Update() ([]byte, error)
}

// Options says what is served.
type Options struct {
	Metrics prometheus.Gatherer
	Page    Renderer
	Log     func(string)  // faults of ours; the text may be foreign
	Every   time.Duration // between two looks for an update; 0: a second
}

// Server answers. Make one with [New].
type Server struct {
	opt    Options
	guard  guard
	http   http.Server
	on     net.Listener
	hub    hub
	scrape http.Handler
	work   sync.WaitGroup

	goodbye time.Duration
}

// New returns a Server for a listener, which it owns from now on.
func New(l net.Listener, opt Options) *Server { return newServer(l, opt, usual) }

func newServer(l net.Listener, opt Options, t times) *Server {
	if opt.Every <= 0 {
		opt.Every = time.Second
	}
	s := &Server{opt: opt, guard: guard{boundTo(l)}, on: netutil.LimitListener(l, maxOpen)}
	s.goodbye = t.goodbye
	s.hub.init(t)
	s.scrape = promhttp.HandlerFor(opt.Metrics, promhttp.HandlerOpts{
		ErrorLog: said(opt.Log), ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: maxScrapes,
	})
	s.http = http.Server{
		Handler: http.HandlerFunc(s.answer), ErrorLog: log.New(teller(opt.Log), "", 0), MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: t.header, ReadTimeout: t.answer, WriteTimeout: t.answer, IdleTimeout: t.idle,
		DisableGeneralOptionsHandler: true,
	}
	return s
}

// Start begins to answer.
func (s *Server) Start() {
	s.work.Go(func() {
		if err := s.http.Serve(s.on); err != http.ErrServerClosed {
			s.opt.Log("no longer served: " + err.Error())
		}
	})
	s.work.Go(func() { s.hub.run(s.opt.Page, s.opt.Every, s.opt.Log) })
}

// Close ends it: those who listen for events at once, the others when they have their
// answer, within a second. It may be called without Start.
func (s *Server) Close() {
	s.hub.close()
	ctx, cancel := context.WithTimeout(context.Background(), s.goodbye)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // what is left has had its time
	}
	_ = s.on.Close() // it was, if it had been started
	s.work.Wait()
}

// answer is the whole site.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", bare)
	if !s.guard.admits(w, r) {
		return
	}
	switch r.URL.Path {
	case "/":
		document, policy, err := s.opt.Page.Page()
		if err != nil {
			s.opt.Log("the live page: " + err.Error())
			http.Error(w, "the page cannot be made", http.StatusInternalServerError)
			return
		}
		h.Set("Content-Security-Policy", policy)
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(document) // who went away misses nothing
	case "/metrics":
		s.scrape.ServeHTTP(w, r)
	case "/events":
		s.hub.serve(w, r)
	default:
		http.Error(w, "there is /, /metrics and /events", http.StatusNotFound)
	}
}

// bare is the policy of answers that are no page: nothing may be loaded or framed.
const bare = "default-src 'none'; frame-ancestors 'none'"

// said logs for promhttp, teller for net/http.
type (
	said   func(string)
	teller func(string)
)

// Println implements promhttp.Logger.
func (say said) Println(v ...any) { say(sentence(v...)) }

// Write implements io.Writer.
func (say teller) Write(b []byte) (int, error) {
	say(sentence(string(b)))
	return len(b), nil
}

var _ io.Writer = teller(nil)

func sentence(v ...any) string { return strings.TrimSpace(fmt.Sprintln(v...)) }
