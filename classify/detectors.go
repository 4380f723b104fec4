package classify

import "chokepoint/classify/detect"

// detector is a flow detector with what it looks at: the transmission logs of
// bulk flows, which are dear to judge, or everything else.
type detector struct {
	detect.FlowDetector
	bulk bool
}

// flowDetectors judge flows.
var flowDetectors = []detector{
	{FlowDetector: detect.ResetInjected{}},
	{FlowDetector: detect.PayloadInjected{}},
	{FlowDetector: detect.DropLocal{}},
	{FlowDetector: detect.DropConnect{}},
	{FlowDetector: detect.DropHello{}},
	{FlowDetector: detect.DropMidflow{}},
	{FlowDetector: detect.DropUDP{}},
	{FlowDetector: detect.DropQUIC{}},
	{FlowDetector: detect.DropCall{}},
	{FlowDetector: detect.CallDegraded{}},
	{FlowDetector: detect.DNSDenied{}},
	{FlowDetector: detect.DNSForged{}},
	{FlowDetector: detect.DNSUnanswered{}},
	{FlowDetector: detect.ICMPProhibited{}},
	{FlowDetector: detect.Policed{}, bulk: true},
	{FlowDetector: detect.Slowed{}, bulk: true},
}

// worldDetectors judge what only shows over several flows, in this order.
var worldDetectors = []detect.WorldDetector{
	detect.DropCluster{},
	detect.Repeat{},
	detect.Triggered{},
	detect.Residual{},
	detect.ConnPolice{},
	detect.AllowList{},
	detect.Differential{},
	detect.PathLoss{},
}
