package recorded

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"chokepoint/pcaps"
	"chokepoint/pcaps/truth"
)

// strangers are recordings in which somebody else finds what the truth says: a
// display filter of tshark picks exactly the packets of a deed.
var strangers = []struct{ name, what, dir, filter string }{
	{"reset-race", "injected", "down", "tcp.flags.reset==1 && ip.src==157.240.0.0/16"},
	{"reset-gfw-on-syn", "injected", "down", "tcp.flags.reset==1 && tcp.window_size_value>=100 && ip.dst==192.168.1.23"},
	{"reset-sandvine", "injected", "down", "tcp.flags.reset==1 && ip.dst==192.168.1.23"},
	{"reset-henan", "injected", "down", "tcp.flags.reset==1 && tcp.len>0"},
	{"page-redirect-race", "injected", "down", "http.response.code==302"},
	{"icmp-prohibited", "injected", "down", "icmp.type==3 && icmp.code==13"},
	{"dns-zero", "injected", "down", "dns.flags.response==1 && dns.a==0.0.0.0"},
	{"syns-dropped", "dropped", "up", "tcp.flags.syn==1 && tcp.flags.ack==0 && ip.dst in {13.248.212.111, 76.223.92.165, 104.18.10.47, 107.178.250.75}"},
	{"dns-nxdomain-no-soa", "injected", "down", "dns.flags.response==1 && (dns.flags.rcode==3 || dns.a==193.232.230.48)"},
	{"reset-mix-mtproto", "injected", "down", "tcp.flags.reset==1 && (ip.src==149.154.160.0/20 || ip.src==91.105.192.0/23)"},
}

// TestStrangersFindWhatTheTruthSays needs tshark.
func TestStrangersFindWhatTheTruthSays(t *testing.T) {
	tshark := stranger(t, "tshark")
	for _, s := range strangers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := named(t, s.name)
			want, all := deeds(&c.Truth, s.what, s.dir)
			got := fields(t, tshark, client(t, c), s.filter, "frame.number")
			var numbers []uint64
			for _, row := range got {
				n, err := strconv.ParseUint(row, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				numbers = append(numbers, n)
			}
			if len(want) == 0 || !all || !slices.Equal(numbers, want) {
				t.Errorf("tshark: %v\ntruth:  %v, all of them %v", numbers, want, all)
			}
		})
	}
}

// TestTcpdumpMeasuresThePolicedRate needs tcpdump: what arrives of a policed
// download, but for the bucket that was full when it began, is the rate that the
// truth names.
func TestTcpdumpMeasuresThePolicedRate(t *testing.T) {
	tcpdump := stranger(t, "tcpdump")
	const off = 0.05
	for _, name := range []string{"policed-500k", "policed-1500k", "policed-reno"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := named(t, name)
			i := slices.IndexFunc(c.Truth.Finds, func(m truth.Must) bool { return m.RateBPS > 0 })
			if i < 0 {
				t.Fatal("the truth names no rate")
			}
			must := c.Truth.Finds[i]
			rate := measured(t, tcpdump, client(t, c), must.Burst)
			if math.Abs(rate/must.RateBPS-1) > off {
				t.Errorf("tcpdump: %.0f bit/s, truth: %.0f", rate, must.RateBPS)
			}
			t.Logf("tcpdump: %.0f bit/s, truth: %.0f", rate, must.RateBPS)
		})
	}
}

// measured is the rate of IP bytes from Telegram's media server, of the flow that
// has most of them, from when the bucket is empty to the end.
func measured(t *testing.T, tcpdump, file string, burst float64) float64 {
	t.Helper()
	out, err := exec.Command(tcpdump, "-r", file, "-n", "-tt", "-v", "src host 91.105.192.100 and tcp").Output()
	if err != nil {
		t.Fatal(err)
	}
	var sum, began, ended, counted float64
	for _, line := range strings.Split(string(out), "\n") {
		if !strings.Contains(line, "proto TCP (6), length ") {
			continue
		}
		at, err1 := strconv.ParseFloat(strings.Fields(line)[0], 64)
		_, rest, _ := strings.Cut(line, "length ")
		n, err2 := strconv.ParseFloat(strings.TrimRight(rest, ")"), 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("tcpdump wrote %q", line)
		}
		switch sum += n; {
		case sum < 2*burst: // slow start, and the bucket
		case began == 0:
			began = at
		default:
			counted, ended = counted+n, at
		}
	}
	if ended <= began {
		t.Fatalf("%.0f bytes arrived, twice the bucket of %.0f is needed to measure", sum, burst)
	}
	return counted * 8 / (ended - began)
}

// stranger finds a program that is not ours.
func stranger(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("REQUIRE_BPF") == "1" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

func named(t *testing.T, name string) pcaps.Case {
	t.Helper()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(c pcaps.Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no recording %s", name)
	}
	return all[i]
}

// deeds are the packets of client.pcapng to which something was done, and whether
// the truth lists all of them.
func deeds(of *truth.Truth, what, dir string) (packets []uint64, all bool) {
	all = true
	for _, d := range of.Done {
		if d.What == what && d.Dir == dir {
			packets = append(packets, d.Packets["client.pcapng"]...)
			all = all && len(d.Packets["client.pcapng"]) == d.N
		}
	}
	slices.Sort(packets)
	return packets, all
}

// client writes a case's client capture where other programs can read it.
func client(t *testing.T, c pcaps.Case) string {
	t.Helper()
	b, ok := c.File("client.pcapng")
	if !ok {
		t.Fatal("no client.pcapng")
	}
	r, err := zstd.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := filepath.Join(t.TempDir(), "client.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// fields runs tshark and returns one field of each packet that a filter picks.
func fields(t *testing.T, tshark, file, filter, field string) []string {
	t.Helper()
	var complaint bytes.Buffer
	cmd := exec.Command(tshark, "-r", file, "-Y", filter, "-T", "fields", "-e", field)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, complaint.String()))
	}
	return strings.Fields(string(out))
}
