package metrics

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chokepoint/capture/decode"
	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/report"
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("chokepoint_"+name, help, labels, nil)
}

// What is made at each scrape of what stands then.
var (
	buildInfo   = desc("build_info", "1, with what runs here.", "version", "go_version", "schema", "rules_date")
	captureInfo = desc("capture_info", "1, with how the capture is taken.", "backend", "vantage")

	packets    = desc("packets_total", "Packets that the capture delivered.")
	bytes      = desc("packet_bytes_total", "Bytes of these packets that were captured.")
	lostBy     = desc("lost_packets_total", "Packets that passed and were not delivered, by who lost them: kernel, or chokepoint, which was too slow.", "by")
	unseen     = desc("unseen_segments_total", "Segments that were counted and not looked at.")
	skipped    = desc("skipped_packets_total", "Packets of a link type that is not understood.")
	lastPacket = desc("last_packet_timestamp_seconds", "When the newest packet passed, 0 before the first.")
	reached    = desc("capture_timestamp_seconds", "How far the capture has got, with or without packets.")

	answered  = desc("answered_timestamp_seconds", "What time the answers so far are about; what is counted below is as of then.")
	trackedBy = desc("flows_total", "Flows seen, of all services and none.")
	evicted   = desc("flows_evicted_total", "Flows forgotten for lack of memory.")
	copies    = desc("copies_total", "Packets captured twice, which count once.")
	malformed = desc("malformed_packets_total", "Packets with a fault of their own.", "cause")
	undecoded = desc("undecoded_packets_total", "Packets, or parts of them, out of scope or clipped.", "cause")
	noFlow    = desc("no_flow_packets_total", "Packets that are not IP, or fragments that were never joined.")
	filtered  = desc("filtered_packets_total", "Packets that the expression did not match.")
	health    = desc("capture_health", "1 for each thing that limits what the capture can tell.", "code")
	blind     = desc("capture_blind", "1 for each thing that the capture as a whole could not see.", "code")
	clients   = desc("clients", "Addresses that opened flows, counted up to 1000.")
	controls  = desc("controls", "Parties that worked at some time, which trouble is compared with.")

	status   = desc("service_status", "1 for what is judged of a service, 0 for the rest; the answers are about the last ten to twenty minutes.", "service", "status")
	working  = desc("service_works", "1 for what was seen of a service, 0 for the rest.", "service", "works")
	cause    = desc("service_cause", "1 for the judged cause of its trouble, 0 for the rest.", "service", "cause")
	function = desc("function_status", "1 for what is judged of a function of a service, 0 for the rest.", "service", "function", "status")
	attempts = desc("service_attempts", "Connections of these minutes, tried and failed.", "service", "outcome")
	opens    = desc("service_opens_seconds", "Median round trip of the handshakes of these minutes.", "service")
	loses    = desc("service_loss_ratio", "Share of segments lost on the network in these minutes, at most.", "service")
	rate     = desc("service_rate_bytes_per_second", "Best rate that was sustained in these minutes, IP bytes.", "service", "direction")
	affected = desc("service_clients", "Clients of these minutes, that tried and that were affected.", "service", "outcome")

	findings = desc("findings", "Findings of the last twenty minutes, the newest 4096, as they stand.", findingLabels...)
)

// Describe implements prometheus.Collector.
func (r *Report) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{buildInfo, captureInfo, packets, bytes, lostBy, unseen, skipped, lastPacket, reached,
		answered, trackedBy, evicted, copies, malformed, undecoded, noFlow, filtered, health, blind, clients, controls,
		status, working, cause, function, attempts, opens, loses, rate, affected, findings} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (r *Report) Collect(ch chan<- prometheus.Metric) {
	s := r.snapshot()
	s.build(ch)
	if r.opt.Source != nil {
		tellSource(ch, r.opt.Source())
	}
	s.counts(ch)
	for id, a := range s.services {
		s.service(ch, id, a)
	}
	for k, n := range s.findings {
		gauge(ch, findings, float64(n), k.service, k.kind, k.verdict)
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v uint64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

// oneOf tells which of a list holds. What the list lacks is none of it.
func oneOf(ch chan<- prometheus.Metric, d *prometheus.Desc, list []string, holds string, labels ...string) {
	for _, x := range list {
		v := 0.0
		if x == holds {
			v = 1
		}
		gauge(ch, d, v, append(slices.Clone(labels), x)...)
	}
}

// stamp is a time in seconds since the epoch, 0 for none.
func stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}

func (s *snapshot) build(ch chan<- prometheus.Metric) {
	version := s.meta.Version
	if version == "" {
		version = "unknown"
		if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
			version = info.Main.Version
		}
	}
	gauge(ch, buildInfo, 1, version, runtime.Version(), strconv.Itoa(report.Schema), s.meta.Rules.Date)
	gauge(ch, captureInfo, 1, s.meta.Backend, s.meta.Vantage)
}

func tellSource(ch chan<- prometheus.Metric, s Source) {
	counter(ch, packets, s.Packets)
	counter(ch, bytes, s.Bytes)
	counter(ch, lostBy, s.Dropped, "kernel")
	counter(ch, lostBy, s.Lost, "chokepoint")
	counter(ch, unseen, s.Unseen)
	counter(ch, skipped, s.Skipped)
	gauge(ch, lastPacket, stamp(s.Last))
	gauge(ch, reached, stamp(s.Now))
}

// counts tells what the engine counted, and what limits it.
func (s *snapshot) counts(ch chan<- prometheus.Metric) {
	c := &s.counted
	gauge(ch, answered, stamp(s.answered))
	counter(ch, trackedBy, c.Flows)
	counter(ch, evicted, c.Evicted)
	counter(ch, copies, c.Copies)
	counter(ch, noFlow, c.NoFlow)
	counter(ch, filtered, c.Filtered)
	for i, n := range c.Decode {
		switch cause := decode.Cause(i); {
		case cause == decode.None:
		case cause.Malformed():
			counter(ch, malformed, n, cause.String())
		default:
			counter(ch, undecoded, n, cause.String())
		}
	}
	gauge(ch, clients, float64(c.Clients))
	gauge(ch, controls, float64(c.Controls))
	codes := map[string]bool{}
	for _, h := range append(slices.Clone(s.meta.Health), c.Health()...) {
		codes[h.Code] = true
	}
	for code := range codes {
		gauge(ch, health, 1, code)
	}
	for _, code := range c.Blind.Names() {
		gauge(ch, blind, 1, code)
	}
}

// service tells the answer for one.
func (s *snapshot) service(ch chan<- prometheus.Metric, id string, a *answer.Service) {
	oneOf(ch, status, statuses, string(a.Status), id)
	oneOf(ch, working, works, a.Works, id)
	oneOf(ch, cause, causes, a.Cause, id)
	for f, st := range a.Functions {
		if f = s.labels(f); f != other && f != none {
			oneOf(ch, function, statuses, st, id, f)
		}
	}
	gauge(ch, attempts, float64(a.Attempts.Tried), id, "tried")
	gauge(ch, attempts, float64(a.Attempts.Failed), id, "failed")
	told := func(d *prometheus.Desc, v *float64, unit float64, labels ...string) {
		if v != nil { // absent is not zero
			gauge(ch, d, *v/unit, labels...)
		}
	}
	told(opens, a.OpensMs, 1000, id)
	told(loses, a.Loss, 1, id)
	told(rate, a.RateDownBps, 8, id, "down")
	told(rate, a.RateUpBps, 8, id, "up")
	gauge(ch, affected, float64(a.Clients.Tried), id, "tried")
	gauge(ch, affected, float64(a.Clients.Affected), id, "affected")
}
