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
	"time"

	"github.com/lacuna-ml/lacuna/arrowio/storage/s3faults"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
)

func main() {
	bucket := flag.String("bucket", "lacuna", "a bucket to make")
	folder := flag.String("folder", "s3-data", "where the server keeps its buckets")
	latency := flag.Duration("latency", 0, "delay every request by so long")
	flag.Parse()
	err := run(*bucket, *folder, *latency, flag.Args())
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "withs3:", err)
		os.Exit(1)
	}
}

func run(bucket, folder string, latency time.Duration, command []string) error {
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
	endpoint := server.Endpoint
	if latency > 0 {
		slow, err := s3faults.Start(server.Endpoint, latency, nil)
		if err != nil {
			return err
		}
		defer slow.Stop()
		endpoint = slow.Endpoint
	}
	c := exec.Command(command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr, c.Env = os.Stdin, os.Stdout, os.Stderr, os.Environ()
	for name, value := range server.Environment() {
		c.Env = append(c.Env, name+"="+value)
	}
	c.Env = append(c.Env, "AWS_ENDPOINT_URL_S3="+endpoint)
	return c.Run()
}
