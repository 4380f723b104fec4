package record

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
)

func TestWhatIsKeptIsReadAgain(t *testing.T) {
	for _, whole := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "live.pcapng")
		src := &capturetest.Source{Packets: packets(10), Batch: 3, Dropped: 5, Lost: 2,
			Ifs: []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet}, {Name: "tun0", Link: capture.LinkRaw, Dropped: 3}}}
		raw := v6(17, udp(5, 6, talk(50)))
		src.Packets = append(src.Packets, capture.Packet{Num: 200, Time: 1_700_000_001_000_000_000, If: 1, Link: capture.LinkRaw, Frame: raw, WireLen: 9000})
		s, err := New(src, Config{Path: path, Payload: whole})
		if err != nil {
			t.Fatal(err)
		}
		passed := pass(t, s)
		got, r := recorded(t, path)
		if len(got) != len(src.Packets) || len(passed) != len(got) {
			t.Fatalf("%d packets passed on, %d kept", len(passed), len(got))
		}
		for i, p := range got {
			want := src.Packets[i].Frame
			if !bytes.Equal(passed[i].Frame, want) {
				t.Errorf("packet %d was changed", i)
			}
			if !whole {
				want = bytes.TrimRight(want, "\xa5")
			}
			if w := src.Packets[i]; p.Time != w.Time || p.If != w.If || p.Link != w.Link || p.WireLen != w.WireLen || !bytes.Equal(p.Frame, want) {
				t.Errorf("payload %v: packet %d: %+v", whole, i, p)
			}
		}
		ifs := slices.Clone(src.Ifs)
		ifs[0].Dropped = 4 // five and two less the three known of tun0
		if !reflect.DeepEqual(r.Interfaces(), ifs) {
			t.Errorf("interfaces %+v", r.Interfaces())
		}
	}
}

func TestAnInterfaceMayComeLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.pcapng")
	src := &capturetest.Source{Packets: packets(4), Batch: 1, Ifs: []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet}}}
	s, err := New(src, Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	if err := s.Read(&b); err != nil {
		t.Fatal(err)
	}
	src.Ifs = append(src.Ifs, capture.Interface{Name: "wlan0", Link: capture.LinkEthernet})
	src.Packets[2].If = 1
	pass(t, s)
	got, r := recorded(t, path)
	if len(got) != 4 || got[2].If != 1 || len(r.Interfaces()) != 2 || r.Interfaces()[1].Name != "wlan0" {
		t.Errorf("%d packets, interfaces %+v", len(got), r.Interfaces())
	}
}

func TestFilesAreForTheirOwnerAndNeverWrittenOver(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "live.pcapng")
	s, err := New(&capturetest.Source{Packets: packets(1)}, Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	pass(t, s)
	before, _ := os.ReadFile(path)
	for _, at := range []string{path, dir, dir + "/"} {
		if _, err := New(&capturetest.Source{Packets: packets(1)}, Config{Path: at}); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), at) {
			t.Errorf("%s: error is %v", at, err)
		}
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) || len(names(t, dir)) != 1 {
		t.Error("it was written over")
	}
	if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{filepath.Join(dir, "no", "live.pcapng"), filepath.Join(dir, "link")} {
		if _, err := New(&capturetest.Source{}, Config{Path: at}); err == nil || !strings.Contains(err.Error(), at) {
			t.Errorf("%s: error is %v", at, err)
		}
	}
}

func TestWhatWasReadIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.pcapng")
	src := &capturetest.Source{Packets: packets(4), Batch: 2}
	s, err := New(src, Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	if err := s.Read(&b); err != nil {
		t.Fatal(err)
	}
	if got, _ := recorded(t, path); len(got) != 2 {
		t.Errorf("%d packets", len(got))
	}
	pass(t, s)
}

func TestWiresharkReadsItAndShowsPacketNumbers(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not there")
	}
	path := filepath.Join(t.TempDir(), "live.pcapng")
	s, err := New(&capturetest.Source{Packets: packets(3)}, Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	pass(t, s)
	out, err := exec.Command(tshark, "-n", "-r", path, "-T", "fields", "-e", "frame.packet_id", "-e", "frame.len", "-e", "frame.cap_len",
		"-e", "frame.interface_name", "-e", "frame.time_epoch", "-e", "tcp.len").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := "100\t1066\t66\ttest0\t1700000000.000000000\t1000\n" +
		"101\t1066\t66\ttest0\t1700000000.001000001\t1000\n" +
		"102\t1066\t66\ttest0\t1700000000.002000002\t1000\n"
	if string(out) != want {
		t.Errorf("got  %q\nwant %q", out, want)
	}
}

func TestRecordingDoesNotAllocate(t *testing.T) {
	all := packets(1)
	var c cutter
	if n := testing.AllocsPerRun(100, func() { c.headers(&all[0]) }); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}
