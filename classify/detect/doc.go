// Package detect is what facts mean: one file (of the larger ones, one family of
// files), one test and one recorded case per detector. A detector is a pure function
// from facts to judgements; it keeps no state, does no I/O and reads no clock.
//
// A finding that is inconclusive names what it lacks, out of the closed list of
// [finding.Inputs]: a detector that cannot tell ends in lacking, or in settle, which
// does so.
//
// Of rates and calls there are: police*.go, the replay of a token bucket over a flow's
// transmission log ([Policed]) and over those of several flows ([PolicedTogether]);
// rate*.go, flat rates and falls inside a flow ([Slowed]), and what limited one
// ([Limit]); differential*.go, a service beside the client's others; call*.go, the
// quality of a call's media ([CallDegraded]), and whether a bucket holds them; mos.go,
// what listeners would say; pathloss.go, loss that hits everything alike ([PathLoss]).
package detect
