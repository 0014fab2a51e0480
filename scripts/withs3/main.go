// withs3 runs a command with a real S3 server (versitygw) on loopback, and the environment set to reach it:
//
//	go run ./scripts/withs3 -bucket lake -folder s3-data -- lacuna demo s3://lake/demo --set s3.path_style=true
//
// The bucket is a folder in -folder, which stays when the server is gone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"

	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
)

func main() {
	bucket := flag.String("bucket", "lacuna", "a bucket to make")
	folder := flag.String("folder", "s3-data", "where the server keeps its buckets")
	flag.Parse()
	err := run(*bucket, *folder, flag.Args())
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "withs3:", err)
		os.Exit(1)
	}
}

func run(bucket, folder string, command []string) error {
	if len(command) == 0 {
		return errors.New("name a command to run")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	server, err := s3server.Run(context.Background(), folder)
	if err != nil {
		return err
	}
	defer server.Stop()
	if err := server.Bucket(bucket); err != nil {
		return err
	}
	c := exec.Command(command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr, c.Env = os.Stdin, os.Stdout, os.Stderr, os.Environ()
	for name, value := range server.Environment() {
		c.Env = append(c.Env, name+"="+value)
	}
	return c.Run()
}
