//go:build linux

package offloads

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/capture/live"
	"chokepoint/classify/fact"
	"chokepoint/pcaps/lab/netns"
	"chokepoint/pcaps/lab/tap"
)

// journeys are what is compared.
var journeys = []journey{
	{name: "all on", offload: allOn, bytes: 20e6},
	{name: "all off, loss", offload: allOff, bytes: 4e6, lose: 97},
	{name: "gso, IPv6, loss", offload: gsoOnly, six: true, bytes: 4e6, lose: 97},
	{name: "gro, no timestamps, loss", offload: groOnly, plain: true, bytes: 4e6, lose: 41},
	{name: "all on, IPv6, no timestamps, loss", offload: allOn, six: true, plain: true, bytes: 8e6, lose: 23},
	{name: "gso and gro, both at once, loss", offload: offload{gso: true, gro: true}, both: true, bytes: 4e6, lose: 41},
	{name: "all on, both at once, loss", offload: allOn, both: true, bytes: 8e6, lose: 23},
	{name: "big", offload: allOn, big: true, bytes: 8e6},
	{name: "big, both at once, loss", offload: allOn, big: true, both: true, bytes: 8e6, lose: 17},
	{name: "big, gso, IPv6", offload: gsoOnly, big: true, six: true, bytes: 4e6},
}

// straight are those without a router: it forwards no IPv6 packets of more than 64 KiB.
var straight = []journey{
	{name: "big, IPv6", offload: allOn, big: true, six: true, bytes: 8e6},
	{name: "big, IPv6, both at once, no timestamps", offload: allOn, big: true, six: true, both: true, plain: true, bytes: 8e6},
}

// TestFlowFactsAgree has connections go through all kinds of offloads, with and
// without loss. At either host's interface, whichever way it is watched, as much is
// known of them as from a recording of that interface at the same time; and a host
// sends as many segments, and as many again, as its kernel says.
func TestFlowFactsAgree(t *testing.T) {
	need(t)
	stamp(t)
	r := build(t)
	posts := r.posts(t, backends)
	r.travelAll(t, posts, journeys)
	t.Run("datagrams", func(t *testing.T) { r.datagrams(t, posts) })
}

// TestFlowFactsAgreeOnACable does it without a router.
func TestFlowFactsAgreeOnACable(t *testing.T) {
	need(t)
	stamp(t)
	r := direct(t)
	r.travelAll(t, r.posts(t, []string{live.TCX, live.AFPacket}), straight)
}

// travelAll makes journeys and compares what the posts say of them.
func (r *road) travelAll(t *testing.T, posts []*post, journeys []journey) {
	t.Helper()
	from := uint16(40000)
	for _, j := range journeys {
		t.Run(j.name, func(t *testing.T) {
			r.settle(t, &j)
			for range attempts {
				from++
				for _, p := range posts {
					p.record(t)
				}
				end, info := r.travel(t, &j, from)
				if !posts[0].stop(t, end) || !posts[1].stop(t, end) {
					continue
				}
				client, server := posts[0].compare(t, from), posts[1].compare(t, from)
				// A connection that is accepted does not count the SYN/ACK as sent by it.
				j.honest(t, "client", &client.Sides[fact.Up], &info.client, 0)
				j.honest(t, "server", &server.Sides[fact.Down], &info.server, 1)
				if j.big && max(posts[0].longest(), posts[1].longest()) <= usual {
					t.Error("no frame was too long for IP")
				}
				return
			}
			t.Fatal("some capture never kept up")
		})
	}
}

// attempts is how often a connection is made at most: where a capture lost packets,
// because others have the processors, nothing can be compared.
const attempts = 8

// post is a host's interface, watched by some backends.
type post struct {
	host     *netns.NS
	watchers []*watcher

	tap  *tap.Tap
	file tap.Capture
	live [][]capture.Packet // by watcher
}

// posts are at the client's interface and at the server's.
func (r *road) posts(t *testing.T, backends []string) []*post {
	t.Helper()
	return []*post{newPost(t, r.client, backends), newPost(t, r.server, backends)}
}

func newPost(t *testing.T, host *netns.NS, backends []string) *post {
	t.Helper()
	p := &post{host: host}
	for _, b := range backends {
		p.watchers = append(p.watchers, watch(t, host, eth, b))
	}
	return p
}

// record begins a recording.
func (p *post) record(t *testing.T) {
	t.Helper()
	var err error
	if p.tap, err = tap.Open(p.host, eth); err != nil {
		t.Fatal(err)
	}
}

// stop ends the recording, and takes what came live up to a time. It reports whether
// nobody lost anything.
func (p *post) stop(t *testing.T, end time.Time) bool {
	t.Helper()
	var err error
	if p.file, err = p.tap.Stop(); err != nil {
		t.Fatal(err)
	}
	kept := p.file.Dropped == 0
	p.live = p.live[:0]
	for _, w := range p.watchers {
		packets, lost := w.take(t, end)
		if lost > 0 {
			t.Logf("%s %s lost %d packets: once more", w.at, w.backend, lost)
		}
		kept = kept && lost == 0
		p.live = append(p.live, packets)
	}
	return kept
}

// compare compares what each backend came to know of a flow with what is known from
// the file, and returns that.
func (p *post) compare(t *testing.T, from uint16) *fact.Flow {
	t.Helper()
	want := fromFile(t, p.file)[from]
	for d := range want.Sides {
		t.Logf("%-7s %-8s %s", p.host.Name(), "file", row(&want, d))
	}
	for i, w := range p.watchers {
		got := fromLive(t, p.live[i])[from]
		for d := range got.Sides {
			t.Logf("%-7s %-8s %s", p.host.Name(), w.backend, row(&got, d))
		}
		alike(t, p.host.Name()+" "+w.backend, &got, &want)
	}
	return &want
}

// longest is the length of the longest frame that the kernel handed over.
func (p *post) longest() (n uint32) {
	for _, r := range p.file.Records {
		n = max(n, r.WireLen)
	}
	for _, l := range p.live {
		for i := range l {
			n = max(n, l[i].WireLen)
		}
	}
	return n
}

// honest compares what is known of the side of a host with what its kernel counted.
func (j *journey) honest(t *testing.T, who string, got *fact.Side, info *unix.TCPInfo, uncounted uint64) {
	t.Helper()
	if got.Packets != uint64(info.Segs_out)+uncounted || got.Retrans != info.Total_retrans ||
		got.Payload != uint64(j.bytes)+info.Bytes_retrans {
		t.Errorf("%s: %d segments, %d of them again, %d bytes; the kernel sent %d, %d again, with %d bytes more than %d", who,
			got.Packets, got.Retrans, got.Payload, uint64(info.Segs_out)+uncounted, info.Total_retrans, info.Bytes_retrans, j.bytes)
	}
	if j.lose > 0 && got.Retrans == 0 {
		t.Errorf("%s: nothing was lost", who)
	}
}
