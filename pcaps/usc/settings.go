package usc

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Where the set lies below the folder of the corpora.
const (
	labelsFile = "oracle/policing_labels.tsv"
	peerFile   = "policing-detection/validation.csv.gz"
)

// Settings are what the router was set to, and what the published detector made of
// the capture.
type Settings struct {
	Name    string  // of the file, below the folder
	Policer bool    // else it delays, or nothing is limited
	Bps     float64 // of Ethernet frames with FCS
	Burst   float64 // bytes; 0: the router's own choice
	Loss    string  // at random: "0%"
	Cross   bool    // other traffic shares the bottleneck
	Players int

	Peer Verdicts // where one player is visible
}

// Verdicts counts chunks with enough losses to be judged.
type Verdicts struct {
	Lossy, Policed int
	Rates          []float64 // bits/s of payload, of those policed
}

// Clear reports settings that chunks of 2 MB can show: rates from 0.5 to 3 Mbit/s
// and buckets from 100 kB on (rate-and-calls, section 1.1).
func (s *Settings) Clear() bool {
	return s.Policer && s.Bps >= 500e3 && s.Bps <= 3e6 && s.Burst >= 100e3
}

// lossyChunk is how many losses a chunk must have to be judged (MIN_NUM_SAMPLES of
// the published detector).
const lossyChunk = 15

// settings reads the labels and the published verdicts below a folder.
func settings(dir string) (out []Settings, err error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(labelsFile)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	peer, err := verdicts(filepath.Join(dir, filepath.FromSlash(peerFile)))
	if err != nil {
		return nil, err
	}
	in := bufio.NewScanner(f)
	for in.Scan() {
		c := strings.Split(in.Text(), "\t")
		if len(c) < 7 || strings.HasPrefix(c[0], "#") {
			continue
		}
		s := Settings{Name: c[0], Policer: strings.HasPrefix(c[1], "policer"), Loss: c[5], Cross: c[6] != "0", Players: 1}
		s.Bps, _ = strconv.ParseFloat(c[2], 64) // "": not limited
		s.Burst, _ = strconv.ParseFloat(c[3], 64)
		if strings.Contains(c[0], "-CD2=") {
			s.Players = 2
		}
		s.Peer = peer[strings.TrimSuffix(filepath.Base(c[0]), ".pcap.xz")]
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Settings) int { return strings.Compare(a.Name, b.Name) })
	return out, in.Err()
}

// Columns of the table of verdicts, one line for each chunk.
const (
	peerName    = 0
	peerLosses  = 5
	peerFirst   = 6 // policed or not, with all losses
	peerRate    = 7 // "[code 0, 476680 bps", in the dialect of a CSV that does not quote
	peerColumns = 12
)

// verdicts reads the published detector's verdicts. A chunk is policed if either
// of its two runs says so.
func verdicts(path string) (map[string]Verdicts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	in := csv.NewReader(z)
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	out := map[string]Verdicts{}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if len(row) < peerColumns {
			continue
		}
		name := strings.TrimSuffix(row[peerName], ".filtered")
		v := out[name]
		if losses, _ := strconv.Atoi(row[peerLosses]); losses >= lossyChunk {
			v.Lossy++
		}
		if row[peerFirst] == "True" || slices.Contains(row[peerRate:], "True") {
			v.Policed++
			if bps, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(row[peerRate+1]), " bps"), 64); err == nil {
				v.Rates = append(v.Rates, bps)
			}
		}
		out[name] = v
	}
}
