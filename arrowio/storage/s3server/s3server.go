// Package s3server starts a real S3 server (versitygw) on loopback, for tests and for `make demo S3=1`.
//
// The server is built once from the tools module, into the user's cache, and needs the Go module proxy the first time.
// It imports arrowio/storage only to say how to reach it. Its law: what it starts, it stops.
package s3server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The server's keys, as good as public: it listens on loopback only, on a folder of its own.
const (
	AccessKey = "lacuna-test"
	SecretKey = "lacuna-test-secret"
)

// Server is a running S3 server.
type Server struct {
	Endpoint string // http://127.0.0.1:port
	folder   string // buckets are folders in it
	command  *exec.Cmd
	log      *bytes.Buffer
}

// Run starts a server on a free port, with its buckets in folder.
func Run(ctx context.Context, folder string) (*Server, error) {
	binary, err := build(ctx)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &Server{Endpoint: "http://" + address, folder: folder, log: &bytes.Buffer{}}
	s.command = exec.Command(binary, "--port", address, "--access", AccessKey, "--secret", SecretKey, "--quiet", "posix", folder)
	s.command.Stdout, s.command.Stderr = s.log, s.log
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start versitygw: %w", err)
	}
	if err := s.ready(ctx, address); err != nil {
		s.Stop()
		return nil, fmt.Errorf("versitygw on %s: %w: %s", address, err, s.log)
	}
	return s, nil
}

// Bucket makes a bucket.
func (s *Server) Bucket(name string) error { return os.MkdirAll(filepath.Join(s.folder, name), 0o755) }

// Stop ends the server.
func (s *Server) Stop() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// Environment is what a process needs to reach the server with the SDK's default chain.
func (s *Server) Environment() map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": s.Endpoint}
}

// Start runs a server for a test, with the environment set to reach it, and skips the test where none can be built.
func Start(t *testing.T) *Server {
	t.Helper()
	s, err := Run(t.Context(), t.TempDir())
	if errors.Is(err, errBuild) {
		t.Skipf("no S3 server: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	for name, value := range s.Environment() {
		t.Setenv(name, value)
	}
	return s
}

func (s *Server) ready(ctx context.Context, address string) error {
	for range 200 {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
	return errors.New("it doesn't answer")
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

var errBuild = errors.New("versitygw could not be built (the Go module proxy must be reachable the first time)")

// module is what is built; its version is pinned in scripts/tools/go.mod.
const module = "github.com/versity/versitygw/cmd/versitygw"

// build returns the path of the server's binary, building it unless the cache has this version.
func build(ctx context.Context) (string, error) {
	tools, err := toolsFolder()
	if err != nil {
		return "", err
	}
	version, err := exec.CommandContext(ctx, "go", "-C", tools, "list", "-m", "-f", "{{.Version}}", "github.com/versity/versitygw").Output()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errBuild, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errBuild, err)
	}
	binary := filepath.Join(cache, "lacuna", "versitygw-"+strings.TrimSpace(string(version)))
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	// Several tests may build at once: each to a name of its own, and the last rename wins.
	unfinished := fmt.Sprintf("%s.%d", binary, os.Getpid())
	output, err := exec.CommandContext(ctx, "go", "-C", tools, "build", "-o", unfinished, module).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %w: %s", errBuild, err, output)
	}
	return binary, os.Rename(unfinished, binary)
}

// toolsFolder finds scripts/tools from this source file, which is where a test runs from.
func toolsFolder() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(file), "..", "..", "..", "scripts", "tools")
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); !ok || err != nil {
		return "", fmt.Errorf("%w: the source tree is not at hand", errBuild)
	}
	return folder, nil
}
