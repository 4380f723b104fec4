package main

import (
	"io"
	"time"

	"chokepoint/bpf/packets"
	"chokepoint/capture"
)

// programs measures what a packet costs in the kernel, in each way it can go.
func (o *options) programs(out io.Writer) error {
	var t traffic
	bare, data := t.frame(nil, 0, true, ack, 1, 1, 0), t.frame(nil, 0, false, pshAck, 1, 1, dataBytes)
	full := t.frame(nil, 0, false, pshAck, 1, 1, 1448)
	header := packets.Config{Payloads: capture.Live.Payloads, Whole: capture.Live.Whole, Head: capture.Live.Head}
	count, whole := header, header
	count.Aggregate, whole.Payloads = true, 1<<31
	all := []program{
		{name: "nothing, 66 B", reference: 19},
		{name: "aggregate, 66 B", reference: 103, must: mustAggregate},
		{name: "aggregate, 1514 B", reference: 100, must: mustAggregate},
		{name: "header with TCP options, 66 B", reference: 153, must: mustHeader},
		{name: "the same and 32 B of payload, 98 B", must: mustHeader},
		{name: "header with TCP options, 1514 B", reference: 159, must: mustHeader},
		{name: "whole, 98 B", reference: 172},
		{name: "whole, 1514 B", reference: 584},
	}
	for i, cost := range []func() (time.Duration, error){
		func() (time.Duration, error) { return packets.CostOfNothing(bare) },
		func() (time.Duration, error) { return packets.Cost(count, bare) },
		func() (time.Duration, error) { return packets.Cost(count, full) },
		func() (time.Duration, error) { return packets.Cost(header, bare) },
		func() (time.Duration, error) { return packets.Cost(header, data) },
		func() (time.Duration, error) { return packets.Cost(header, full) },
		func() (time.Duration, error) { return packets.Cost(whole, data) },
		func() (time.Duration, error) { return packets.Cost(whole, full) },
	} {
		var err error
		if all[i].took, err = cost(); err != nil {
			return err
		}
	}
	programTable(out, all)
	return nil
}
