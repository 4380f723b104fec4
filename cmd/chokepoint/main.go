// Command chokepoint tells from packets what is being done to messenger traffic
// on a link, where, and how sure that is.
package main

import "os"

func main() {
	os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
