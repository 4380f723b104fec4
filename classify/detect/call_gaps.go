package detect

import (
	"fmt"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// gapsMedia is how many datagrams a direction must have brought for its spacing to
// tell anything: two seconds of voice.
const gapsMedia = 100

// bySpacing judges media that show no numbers. How much was lost cannot be told from
// one side; that nothing came, and that what was missing never came, can.
func (b *badCall) bySpacing(j *Judgement) {
	m := b.way
	g := &m.Gaps
	j.saw("spacing", "%s: %d datagrams of %d bytes, one in %.0f ms (medians); %d holes of %d ms or more amid even media, %d times what was missing came late, %d pauses of the sender",
		b.d, m.Media, g.Size, inMillis(g.Spacing), g.Holes, fact.MediaGap.Milliseconds(), g.Delays, g.Pauses)
	switch {
	case m.Media < gapsMedia:
		j.stop("too_few", "%s: %d datagrams, %d are needed", b.d, m.Media, gapsMedia)
		return
	case g.Bad == 0:
		j.stop("good", "%s: none of %d windows had %d holes", b.d, g.Windows, fact.BadGaps)
		return
	}
	fd := b.started(g.First, g.Last)
	fd.Summary = fmt.Sprintf("%d holes in media that come every %.0f ms, up to %.0f ms long and %.1f s in all, in %d window(s) of 10 s; what was missing never came, and this side sent on: how much was lost, media without numbers do not tell",
		g.BadHoles, inMillis(g.Spacing), inMillis(g.Longest), g.Silent.Seconds(), g.Bad)
	fd.For = append(fd.For, finding.Evidence{Code: callGaps, Family: finding.Demand, Class: finding.S, Text: fd.Summary,
		Got: fmt.Sprintf("%d holes", g.BadHoles), Want: fmt.Sprintf("< %d in 10 s", fact.BadGaps), Packets: fd.Packets})
	fd.RuledOut = append(fd.RuledOut, "silence_of_sender")
	fd.NotRuledOut = append(fd.NotRuledOut, "path_loss")
	b.trips(&fd)
	if g.Delays > g.Holes {
		fd.Against = append(fd.Against, finding.Evidence{Code: callTrips, Family: finding.Delay, Class: finding.X,
			Text: fmt.Sprintf("%d more silences ended with all that was missing: it was held up, as by a full queue or a bad radio", g.Delays)})
	}
	j.settleCall(fd, b)
}
