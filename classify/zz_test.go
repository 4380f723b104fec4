package classify
import ("testing";"context";"chokepoint/capture/pcapfile";"chokepoint/classify/detect";"os";"fmt";"chokepoint/classify/fact")
type zz struct{*recorder; t *testing.T}
func (z zz) Flow(f *fact.Flow, ids []string) error {
 if f.Call!=nil { w:=&fact.World{Terse:false,Vantage:"host"}; j:=detect.CallDegraded{}.Judge(f,w); z.t.Logf("%s %s %+v\n STOP %+v", f.ID, f.Label.Service, j.Saw, j.Stopped)
 for _,e:=range f.Call.Ways[1].Events { if os.Getenv("EV")!="" {fmt.Printf("%d %d len %d src %d seq %d lost %v void %v delay %d\n", e.Num, e.Time/1000000, e.Len,e.Src,e.Seq,e.Lost,e.Void,e.Delay)} } }
 return z.recorder.Flow(f,ids)}
func TestZZ(t *testing.T){ p:=os.Getenv("ZZ"); src,err:=pcapfile.Open(p,pcapfile.Options{}); if err!=nil{t.Fatal(err)}; Run(context.Background(),src,zz{newRecorder(),t},Options{Seed:1,All:true}) }
