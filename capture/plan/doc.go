// Package plan cuts packets down to what live capture delivers of them (see
// [chokepoint/capture.Plan]). It decides exactly as the kernel's program does,
// from the same few header fields: the same packets give the same bytes.
//
// Three things differ, and none changes what a whole frame or a header holds:
//   - The kernel forgets flows by approximate age (BPF_MAP_TYPE_LRU_HASH), this
//     package by exact age. Both keep at least as many as are open on most links.
//   - Live, the outermost VLAN tag is beside the frame, not in it, and is put back
//     after the cut. So a tag at the front of a frame counts for nothing here and
//     is delivered on top. A card or a sender that leaves it in the frame live
//     costs four bytes of a frame longer than Plan.Whole.
//   - What the capture of a file cut away already cannot be looked at: such a
//     frame stays as it is.
package plan
