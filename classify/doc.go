// Package classify turns a [capture.Source] into findings and answers.
//
// [Run] reads batches, decodes and joins fragments, and hands packets to 64
// shards by a fixed hash of the flow. Shards keep flows; at every second of
// packet time they stop, what they learnt is merged into one [fact.World] in
// packet order, and only then flows are labelled and judged and findings
// emitted. So the output does not depend on how many workers there are.
package classify
