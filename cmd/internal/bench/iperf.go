package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// load is one kind of traffic that a link is filled with.
type load struct {
	name string
	args []string // of iperf3
	unit string
	of   func(report) float64 // in that unit
}

// loads are one long stream, and as many small packets as there can be.
var loads = []load{
	{"TCP", nil, "Gbit/s", func(r report) float64 { return r.End.Received.BitsPerSecond / 1e9 }},
	{"UDP, 64 B", []string{"-u", "-b", "0", "-l", "64"}, "k packets/s sent", func(r report) float64 { return r.End.Sum.Packets / r.End.Sum.Seconds / 1e3 }},
}

// report is what is read of iperf3 -J.
type report struct {
	Error string
	End   struct {
		Received struct {
			BitsPerSecond float64 `json:"bits_per_second"`
		} `json:"sum_received"`
		Sum struct{ Packets, Seconds float64 } // of UDP
	}
}

// iperfFigure reads the figure of a load.
func iperfFigure(l load, text []byte) (float64, error) {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return 0, fmt.Errorf("iperf3: %w", err)
	}
	if r.Error != "" {
		return 0, errors.New("iperf3: " + r.Error)
	}
	// NaN where there was no time.
	if f := l.of(r); f > 0 {
		return f, nil
	}
	return 0, fmt.Errorf("iperf3: no %s in its report", l.unit)
}

// onlooker is who looks at the link while it is filled.
type onlooker struct {
	name    string
	figures [][]float64 // by load, of each round
	lost    uint64
	counts  bool // that it says what it lost
}

// ratio is the middle of what is left of the throughput, round by round: what came
// before and after has the same disturbances.
func ratio(with, without []float64) float64 {
	of := make([]float64, len(with))
	for i := range with {
		of[i] = with[i] / without[i]
	}
	return center(of)
}

// center is the middle one, of an even number the lower one.
func center(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)/2]
}

// linkTable prints the medians, and the ratios to the first.
func linkTable(out io.Writer, all []*onlooker) {
	fmt.Fprintln(out, "\nthroughput of a link that is looked at, medians of interleaved rounds; x: of what it is otherwise")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\t")
	for _, l := range loads {
		fmt.Fprintf(w, "%s, %s\tx\t", l.name, l.unit)
	}
	fmt.Fprintln(w, "lost\t")
	for _, a := range all {
		fmt.Fprintf(w, "%s\t", a.name)
		for i, f := range a.figures {
			fmt.Fprintf(w, "%.1f\t%.2f\t", center(f), ratio(f, all[0].figures[i]))
		}
		if a.counts {
			fmt.Fprint(w, a.lost)
		}
		fmt.Fprintln(w, "\t")
	}
	w.Flush()
}
