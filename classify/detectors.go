package classify

import "chokepoint/classify/detect"

// detector is a flow detector with what it looks at: the transmission logs of
// bulk flows, which are dear to judge, or everything else.
type detector struct {
	detect.FlowDetector
	bulk  bool
	group Group
}

// wideDetector is a world detector.
type wideDetector struct {
	detect.WorldDetector
	group Group
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
	{FlowDetector: detect.CallDegraded{}, group: Calls},
	{FlowDetector: detect.DNSDenied{}},
	{FlowDetector: detect.DNSForged{}},
	{FlowDetector: detect.DNSUnanswered{}},
	{FlowDetector: detect.ICMPProhibited{}},
	{FlowDetector: detect.Policed{}, bulk: true, group: Rates},
	{FlowDetector: detect.Slowed{}, bulk: true, group: Rates},
}

// worldDetectors judge what only shows over several flows, in this order.
var worldDetectors = []wideDetector{
	{WorldDetector: detect.DropCluster{}},
	{WorldDetector: detect.Repeat{}},
	{WorldDetector: detect.Triggered{}},
	{WorldDetector: detect.Residual{}},
	{WorldDetector: detect.ConnPolice{}},
	{WorldDetector: detect.AllowList{}},
	{WorldDetector: detect.Differential{}, group: Rates},
	{WorldDetector: detect.PathLoss{}, group: Rates},
}
