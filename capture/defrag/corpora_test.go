package defrag

import (
	"bytes"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/internal/corpora"

	"github.com/google/gopacket"
	"github.com/google/gopacket/ip4defrag"
	"github.com/google/gopacket/layers"
)

// TestJoinsForeignFragmentsAsGopacketDoes compares every IPv4 datagram that
// either joins, file by file.
func TestJoinsForeignFragmentsAsGopacketDoes(t *testing.T) {
	var sum Counts
	var fragments, files, differ int
	for _, f := range corpora.Captures(t) {
		r, err := pcapfile.Open(f.Path, pcapfile.Options{})
		if err != nil {
			continue
		}
		n, d, c := compare(t, f.Name, r)
		r.Close()
		if n > 0 {
			files++
		}
		fragments, differ = fragments+n, differ+d
		add := func(to *uint64, v uint64) { *to += v }
		add(&sum.Joined, c.Joined)
		add(&sum.TimedOut, c.TimedOut)
		add(&sum.Evicted, c.Evicted)
		add(&sum.Dropped, c.Dropped)
		add(&sum.TooBig, c.TooBig)
		add(&sum.Overlaps, c.Overlaps)
		add(&sum.Duplicates, c.Duplicates)
		add(&sum.Malformed, c.Malformed)
		add(&sum.Clipped, c.Clipped)
	}
	t.Logf("%d fragments in %d files, %d datagrams differ; %+v", fragments, files, differ, sum)
}

// onlyOurs lists captures with datagrams that gopacket goes on waiting for with
// no byte missing; Wireshark joins them at the same packets as we do.
var onlyOurs = map[string]bool{
	"arkime/tests/pcap/socks5-http-302-frag.pcap":                                                                    true, // tiny fragments
	"pcapflowlab/tests/data/parsing/gtpu/30_gtpu_outer_ipv4_fragmentation.pcap":                                      true,
	"zeek/testing/btest/Traces/ipv4/fragmented-4.pcap":                                                               true, // out of order
	"suricata-verify/tests/defrag/bug-6942-6887-defrag-eth-ip-gre-ppp-ip-udp-data/eth-ip-gre-ppp-max-ip-packet.pcap": true, // 65535 bytes
}

// compare feeds the fragments of one capture to both.
func compare(t *testing.T, name string, s capture.Source) (fragments, differ int, c Counts) {
	ours, theirs := NewTable(), ip4defrag.NewIPv4Defragmenter()
	var b capture.Batch
	for s.Read(&b) == nil {
		for i := range b.Packets {
			f, ok := found(&b.Packets[i])
			if !ok {
				continue
			}
			fragments++
			got, joined := ours.Add(&f)
			ours.Expire(f.Time)
			if dontFragment := f.Header[6]&0x40 != 0; f.V6 || len(f.Data) < f.Len || dontFragment {
				continue // gopacket takes don't-fragment for "is none"
			}
			want := theirData(theirs, &f)
			if joined == (want != nil) && (!joined || bytes.Equal(got[len(f.Header):], want)) {
				continue
			}
			if differ++; want != nil || !onlyOurs[name] {
				t.Errorf("%s: packet %d: joined %v, gopacket %v", name, b.Packets[i].Num, joined, want != nil)
			}
		}
	}
	return fragments, differ, ours.Counts()
}

func theirData(d *ip4defrag.IPv4Defragmenter, f *Fragment) []byte {
	var ip layers.IPv4
	whole := append(bytes.Clone(f.Header), f.Data...)
	if ip.DecodeFromBytes(whole, gopacket.NilDecodeFeedback) != nil {
		return nil
	}
	out, err := d.DefragIPv4(&ip)
	if err != nil || out == nil {
		return nil
	}
	return out.Payload
}
