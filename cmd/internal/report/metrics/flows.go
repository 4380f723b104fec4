package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// Buckets: round trips from a rack's to a satellite's behind a full queue; loss from
// none, by the steps at which TCP's rate falls noticeably (it goes with 1/sqrt(loss),
// Mathis et al. 1997).
var (
	rttBuckets  = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2}
	lossBuckets = []float64{0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}
)

// flows sums up flows that ended.
type flows struct {
	ended *prometheus.CounterVec
	bytes *prometheus.CounterVec
	rtt   *prometheus.HistogramVec
	loss  *prometheus.HistogramVec
}

func newFlows() *flows {
	return &flows{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chokepoint_service_flows_total",
			Help: "Flows that ended and were told of. Those of unknown service are told with a finding, or with --all."},
			[]string{"service", "function"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chokepoint_service_bytes_total",
			Help: "IP bytes of flows that ended."}, []string{"service", "function", "direction"}),
		rtt: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "chokepoint_flow_rtt_seconds", Buckets: rttBuckets,
			Help: "Median round trip between the tap and the server, of each flow that ended."}, []string{"service"}),
		loss: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "chokepoint_flow_loss_ratio", Buckets: lossBuckets,
			Help: "Share of segments lost on the network, at most, of each TCP flow that ended where the capture lost nothing."},
			[]string{"service"}),
	}
}

func (x *flows) all() []prometheus.Collector {
	return []prometheus.Collector{x.ended, x.bytes, x.rtt, x.loss}
}

// add counts a flow of a service, by its labels.
func (x *flows) add(f *fact.Flow, of, does string) {
	x.ended.WithLabelValues(of, does).Inc()
	for _, d := range []fact.Dir{fact.Up, fact.Down} {
		x.bytes.WithLabelValues(of, does, d.String()).Add(float64(f.Sides[d].IPBytes))
	}
	if rtt, ok := trip(f); ok {
		x.rtt.WithLabelValues(of).Observe(rtt.Seconds())
	}
	if share, ok := lost(f); ok {
		x.loss.WithLabelValues(of).Observe(share)
	}
}

// trip is a usual round trip to the server: the median, or that of the handshake
// where no more was measured.
func trip(f *fact.Flow) (time.Duration, bool) {
	leg := &f.Sides[fact.Up].RTT
	for _, o := range []fact.Opt[time.Duration]{leg.P50, leg.Handshake, leg.Min} {
		if o.Ok {
			return o.V, true
		}
	}
	return 0, false
}

// lost is the share of both directions' segments that were lost, as in the records:
// it is not told where packets may be missing in the capture rather than on the
// network.
func lost(f *fact.Flow) (share float64, ok bool) {
	const unsure = fact.BlindGap | fact.BlindKernelDrops
	if f.Key.Proto != capture.ProtoTCP || f.Blind&unsure != 0 {
		return 0, false
	}
	var missing, all uint64
	for d := range f.Sides {
		s := &f.Sides[d]
		missing += uint64(s.Retrans) + uint64(s.Holes)
		all += s.Packets + uint64(s.Holes)
	}
	if all == 0 {
		return 0, false
	}
	return float64(missing) / float64(all), true
}
