package redact

// treatment is what is done to a field. Fields of numbers other than times are left
// alone, addresses and [time.Time] replaced, whatever they are called.
type treatment uint8

const (
	drop      treatment = iota // also what nobody decided about
	keep                       // of our own words
	when                       // packet time, ns
	name                       // of a host
	text                       // a sentence
	address16                  // an address of 16 bytes
	id                         // of a service
	owner                      // of a service's family
	known                      // stays where a rule compares with it
	alpn
)

// fields says what is done to every field of text, bytes or int64 in what reports
// are told, by type and field.
var fields = map[string]treatment{
	// Of a flow. What is read off a page, a certificate's owner or a process is
	// dropped: nothing could stand for it.
	"fact.Flow.Start": when, "fact.Flow.Last": when, "fact.Flow.Now": when,
	"fact.Flow.App": keep, "fact.Flow.DNSOver": keep, "fact.Flow.History": keep, "fact.Flow.Limit": keep,
	"fact.Flow.Media": keep, "fact.Flow.Place": keep, "fact.Flow.QUIC": keep, "fact.Flow.Resolver": keep,
	"fact.Flow.State": keep, "fact.Flow.Vantage": keep,
	"fact.Names.SNI": name, "fact.Names.Decoy": name, "fact.Names.Host": name, "fact.Names.CertNames": name, "fact.Names.DNS": name,
	"fact.Names.ALPN": alpn, "fact.Names.JA4": known, "fact.Names.CertOrgs": known,
	"fact.Names.ECH": keep, "fact.Names.ECHOuter": keep, "fact.Names.Location": drop, "fact.Names.Method": drop,
	"fact.DNS.QName": name, "fact.DNS.QNameRaw": name,
	"fact.DNSAnswer.ECHName": name, "fact.DNSAnswer.SOAOwner": name, "fact.DNSAnswer.Targets": name,
	"fact.DNSAnswer.Text": drop, "fact.DNSAnswer.Time": when,
	"fact.Hello.Kind": keep, "fact.Hello.Acked": when, "fact.Side.Window": keep, "fact.Side.TTLs": keep,
	"fact.ICMP.From": address16, "fact.ICMP.Time": when,
	"fact.LocalDrop.First": when, "fact.LocalDrop.Last": when, "fact.LocalDrop.Reason": keep,
	"fact.LocalReset.First": when, "fact.LocalReset.Last": when, "fact.LocalReset.Reason": keep,
	"fact.Mark.Time": when, "fact.Event.Time": when, "fact.FIN.Time": when, "fact.MediaEvent.Time": when,
	"fact.Segment.Start": when, "fact.Segment.End": when, "fact.Rate.Start": when, "fact.Rate.Last": when, "fact.Rate.Width": keep,
	"fact.Seconds.From": when, "fact.Side.LastAny": when, "fact.Side.LastTSvalAt": when,
	"fact.BadSpan.First": when, "fact.BadSpan.Last": when, "fact.BadSpan.Longest": keep, "fact.BadSpan.WorstJitter": keep,
	"fact.MediaGaps.First": when, "fact.MediaGaps.Last": when, "fact.MediaGaps.Longest": keep, "fact.MediaGaps.Silent": keep, "fact.MediaGaps.Spacing": keep,
	"fact.MediaSource.Jitter": keep, "fact.MediaTrips.Floor": keep, "fact.MediaTrips.P90": keep,
	"fact.Page.Time": when, "fact.Page.Asked": when, "fact.Version.Time": when,
	"fact.PageHead.Location": drop, "fact.PageHead.Text": drop, "fact.PageHead.Title": drop,
	"fact.PageMatch.Name": drop, "fact.PageMatch.Scope": keep, "fact.PageMatch.Where": keep,
	"fact.Reset.Time": when, "fact.Reset.PrevOther": when, "fact.Reset.PrevSame": when, "fact.Reset.Payload": drop,
	"fact.Opt[int64].V": keep, "fact.Opt[time.Duration].V": keep,
	"capture.Tunnel.Src": address16, "capture.Tunnel.Dst": address16, "capture.Key.Src": address16, "capture.Key.Dst": address16,
	"capture.Process.Comm": drop, "capture.Process.Cgroup": drop,
	"service.Label.Service": id, "service.Label.Family": owner, "service.Label.Function": keep, "service.Label.Place": keep,
	"service.Sign.Rule": keep, "service.Sign.Value": text, "service.Why.By": keep, "service.Why.Value": text,

	// Of a finding.
	"finding.Finding.Type": keep, "finding.Finding.ID": keep, "finding.Finding.Key": drop, "finding.Finding.Lacks": keep,
	"finding.Finding.Kind": keep, "finding.Finding.Verdict": keep, "finding.Finding.BenignCause": keep, "finding.Finding.Technique": keep,
	"finding.Finding.Reason": keep, "finding.Finding.ConsistentWith": keep, "finding.Finding.Stage": keep, "finding.Finding.Signature": keep,
	"finding.Finding.Service": id, "finding.Finding.Function": keep, "finding.Finding.Proto": keep, "finding.Finding.Name": name,
	"finding.Finding.Flows": keep, "finding.Finding.Controls": keep, "finding.Finding.Direction": keep, "finding.Finding.Segment": keep,
	"finding.Finding.Vantage": keep, "finding.Finding.Summary": text, "finding.Finding.RuledOut": keep, "finding.Finding.NotRuledOut": keep,
	"finding.Finding.Blind": keep, "finding.Finding.Filter": text, "finding.Finding.Scope": keep, "finding.Finding.Unit": keep,
	"finding.Condition.By": keep, "finding.Condition.Value": text, "finding.Beside.Name": name,
	"finding.Evidence.Class": keep, "finding.Evidence.Code": keep, "finding.Evidence.Family": keep,
	"finding.Evidence.Text": text, "finding.Evidence.Got": text, "finding.Evidence.Want": text,
	"finding.Missing.Code": keep, "finding.Missing.Text": text, "finding.Missing.Settles": keep,
	"finding.Reason.Code": keep, "finding.Reason.Text": text,

	// Of an answer, and of what was counted.
	"answer.Service.Type": keep, "answer.Service.Service": id, "answer.Service.Name": text, "answer.Service.Category": keep,
	"answer.Service.Status": keep, "answer.Service.Works": keep, "answer.Service.Cause": keep, "answer.Service.How": keep,
	"answer.Service.Findings": keep, "answer.Service.Functions": keep, "answer.Service.Places": keep, "answer.Service.Fits": text,
	"answer.Service.Rates": keep, "answer.Service.Sentence": text, "answer.Service.Blind": keep, "answer.Step.Text": text,
	"answer.EncryptedDNS.Resolver": keep, "answer.EncryptedDNS.Name": name, "answer.EncryptedDNS.Over": keep,
	"classify.Stats.Vantage": keep,
}
