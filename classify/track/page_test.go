package track

import (
	"bytes"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/wire/http"
)

const (
	forgedPage  = "HTTP/1.1 302 Found\r\nLocation: http://block.example/\r\n\r\n"
	genuinePage = "HTTP/1.1 200 OK\r\nServer: web\r\nContent-Length: 6\r\nContent-Type: text/plain\r\n\r\nhello\n"
)

func asks(c *talk) *talk {
	c.send(up, pushAck, []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"))
	return c
}

func TestVersionsOfAnAnswerAreKept(t *testing.T) {
	c := asks(newTalk(t).open())
	c.wait(2e6)
	c.send(down, pushAck, []byte(forgedPage), ttl(99))
	at := c.now
	c.wait(serverLeg)
	c.send(down, pushAck, []byte(genuinePage), rel(1))
	x := c.facts().Conflicts[0]
	v := &x.Versions
	is(t, "versions", [2]int{v[0].Page.Status, v[1].Page.Status}, [2]int{302, 200})
	is(t, "location", v[0].Page.Location, "http://block.example/")
	is(t, "what was forged, and no more", string(v[0].Page.Text), forgedPage)
	is(t, "what was not", string(v[1].Page.Text), genuinePage)
	is(t, "times", [2]int64{v[0].Time, v[1].Time}, [2]int64{at, c.now})
	if x.Differ < 30 || x.Differ > x.Len {
		t.Errorf("%d of %d bytes differ", x.Differ, x.Len)
	}
}

func TestNoVersions(t *testing.T) {
	for _, tc := range []struct {
		name string
		send func(c *talk)
	}{
		{"what a recorder blanked", func(c *talk) { c.send(down, pushAck, make([]byte, len(genuinePage)), rel(1)) }},
		{"a part of it again", func(c *talk) { c.send(down, pushAck, []byte(genuinePage)[20:40], rel(21)) }},
		{"a keepalive's byte", func(c *talk) { c.send(down, pushAck, []byte{'x'}, rel(len(genuinePage))) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := asks(newTalk(t).open())
			c.send(down, pushAck, []byte(genuinePage))
			tc.send(c)
			is(t, "conflicts", len(c.facts().Conflicts), 0)
		})
	}
}

func TestOddAnswers(t *testing.T) {
	for _, tc := range []struct {
		name string
		wait int64
		edit []edit
		odd  bool
	}{
		{"when it is due, from where the SYN/ACK came", int64(serverLeg), nil, false},
		{"too soon", 2e6, nil, true},
		{"from elsewhere", int64(serverLeg), []edit{ttl(60)}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := asks(newTalk(t).open())
			c.now += tc.wait
			p := c.send(down, pushAck, []byte(forgedPage), tc.edit...)
			page := c.facts().Page
			if (page != nil) != tc.odd {
				t.Fatalf("%+v", page)
			}
			if page != nil && (page.Num != p.Num || page.Status != 302 || page.Location != "http://block.example/" || page.Time-page.Asked-tc.wait > 20_000) {
				t.Errorf("%+v", page)
			}
		})
	}
}

// TestListsAreAsked: when the head is there, and again when the body is.
func TestListsAreAsked(t *testing.T) {
	asked := 0
	c := newTalk(t)
	c.conf.Pages = func(r *http.Response, stream []byte) []fact.PageMatch {
		if asked++; r.Code != 200 || !bytes.Contains(stream[r.HeadLen:], []byte("forbidden")) {
			return nil
		}
		return []fact.PageMatch{{Name: "page"}}
	}
	asks(c.open())
	c.wait(serverLeg)
	c.send(down, pushAck, []byte("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nthis is "))
	is(t, "before the page is there", c.facts().Page == nil, true)
	c.send(down, pushAck, []byte("forbidden by somebody!"))
	page := c.facts().Page
	if page == nil || len(page.Listed) != 1 || page.Listed[0].Name != "page" || asked != 2 {
		t.Fatalf("%+v, asked %d times", page, asked)
	}
}

// TestPagesWithoutAStatusLine: as boxes put them together by hand, in answer to a
// first request.
func TestPagesWithoutAStatusLine(t *testing.T) {
	const page = "<html><head><title>No</title></head></html>"
	for _, tc := range []struct {
		name string
		send func(c *talk)
		kept bool
	}{
		{"in answer to a request", func(c *talk) { c.send(down, pushAck|capture.FIN, []byte(page)) }, true},
		{"after blanks, in capitals", func(c *talk) { c.send(down, pushAck, []byte("\r\n<!DOCTYPE HTML><p>")) }, true},
		{"behind the head of a response", func(c *talk) {
			c.send(down, pushAck, []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"))
			c.send(down, pushAck, []byte(page))
		}, false},
		{"of another protocol", func(c *talk) { c.send(down, pushAck, []byte("220 mail.example ready\r\n")) }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := asks(newTalk(t).open())
			c.wait(serverLeg)
			tc.send(c)
			p := c.facts().Page
			if (p != nil && p.Bare) != tc.kept || tc.kept && (p.Num != 5 || p.Request != 4) {
				t.Errorf("%+v", p)
			}
		})
	}
	c := newTalk(t).open()
	c.data(up, 40)
	c.send(down, pushAck, []byte(page))
	if p := c.facts().Page; p != nil {
		t.Errorf("kept where nobody asked for a page: %+v", p)
	}
}
