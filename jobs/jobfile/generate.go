package jobfile

//go:generate go test -run TestGenerated -update .
