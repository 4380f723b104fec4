package tap

import (
	"bytes"
	"io"
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/lab/netns"
)

// chat records a TCP connection of rounds requests and answers, datagrams both
// ways of which one is fragmented, at host a.
func chat(t *testing.T, rounds int) Capture {
	t.Helper()
	a, b := pair(t)
	tap := open(t, a, "eth0")
	l, err := b.Listen("tcp", netip.AddrPortFrom(addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := a.Dial(t.Context(), "tcp", netip.AddrPort{}, netip.AddrPortFrom(addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.SetDeadline(time.Now().Add(20 * time.Second))
	c.SetDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 700)
	for range rounds {
		c.Write(buf[:300])
		if _, err := io.ReadFull(s, buf[:300]); err != nil {
			t.Fatal(err)
		}
		s.Write(buf)
		if _, err := io.ReadFull(c, buf); err != nil {
			t.Fatal(err)
		}
	}
	datagrams(t, a, rounds)
	return stop(t, tap)
}

func datagrams(t *testing.T, from *netns.NS, rounds int) {
	t.Helper()
	c, err := from.Dial(t.Context(), "udp", netip.AddrPort{}, discard)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range rounds {
		c.Write(make([]byte, 200))
	}
	c.Write(make([]byte, 4000)) // three fragments
}

// reread decodes a file.
func reread(t *testing.T, file []byte) (packets []capture.Packet, src *pcapfile.Reader) {
	t.Helper()
	src, err := pcapfile.New(bytes.NewReader(file), "recording", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var dec decode.Decoder
	for {
		var b capture.Batch
		err := src.Read(&b)
		for i := range b.Packets {
			dec.Decode(&b.Packets[i])
		}
		packets = append(packets, b.Packets...)
		if err == io.EOF {
			return packets, src
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeep: later payloads are cut, nothing else is, and the lengths on the wire
// stay.
func TestKeep(t *testing.T) {
	need(t)
	const rounds = 6
	c := chat(t, rounds)
	whole := written(t, c, Keep{})
	cut := written(t, c, Keep{Whole: 2, Rest: 4, Datagrams: 3, RestDatagram: 36})
	if len(whole) != len(c.Records) || len(cut) != len(whole) {
		t.Fatalf("%d records, %d written, %d cut", len(c.Records), len(whole), len(cut))
	}
	seen, short := map[capture.Key]int{}, map[uint8]int{}
	for i, p := range whole {
		q := cut[i]
		if len(p.Frame) != int(p.WireLen) || q.WireLen != p.WireLen || q.PayloadLen != p.PayloadLen || q.Key != p.Key || q.Time != p.Time {
			t.Errorf("record %d: %d of %d bytes, cut %d of %d", i, len(p.Frame), p.WireLen, len(q.Frame), q.WireLen)
		}
		if p.Key.Proto == capture.ProtoTCP && (q.OptsLen != p.OptsLen || q.TSval != p.TSval || q.Has&capture.HasTS == 0) {
			t.Errorf("record %d: options were lost", i)
		}
		want := len(p.Payload)
		if want > 0 && p.Has&capture.HasPorts != 0 {
			seen[p.Key]++
			switch tcp := p.Key.Proto == capture.ProtoTCP; {
			case tcp && seen[p.Key] > 2:
				want = 4
			case !tcp && seen[p.Key] > 3:
				want = 36
			}
		}
		if len(q.Payload) != want {
			t.Errorf("record %d, %v: %d payload bytes, want %d", i, p.Key, len(q.Payload), want)
		}
		if len(q.Frame) < len(p.Frame) {
			short[p.Key.Proto]++
		}
	}
	// Two directions of TCP, one of UDP; fragments stay whole.
	if short[capture.ProtoTCP] != 2*(rounds-2) || short[capture.ProtoUDP] != rounds-3 {
		t.Errorf("cut: %v", short)
	}
}

func written(t *testing.T, c Capture, keep Keep) []capture.Packet {
	t.Helper()
	file, err := c.PCAPNG("eth0", keep)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.PCAPNG("eth0", keep)
	if err != nil || !bytes.Equal(file, again) {
		t.Fatalf("the same recording gives other bytes: %v", err)
	}
	packets, _ := reread(t, file)
	return packets
}

// TestFile: the file tells the interface and the losses.
func TestFile(t *testing.T) {
	c := Capture{Dropped: 7, Records: []pcapfile.Record{{Time: 1e18, Frame: make([]byte, 60), WireLen: 60}}}
	file, err := c.PCAPNG("eth0", Keep{})
	if err != nil {
		t.Fatal(err)
	}
	packets, src := reread(t, file)
	if len(packets) != 1 || packets[0].Time != 1e18 {
		t.Fatalf("%+v", packets)
	}
	if i := src.Interfaces(); len(i) != 1 || i[0].Name != "eth0" || i[0].Link != capture.LinkEthernet || i[0].Dropped != 7 {
		t.Fatalf("%+v", i)
	}
}
