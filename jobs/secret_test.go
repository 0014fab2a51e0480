package jobs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
	"github.com/lacuna-ml/lacuna/jobs/demo"
)

// TestNoCredentialIsWrittenAnywhere runs a job on S3, and one that fails, and looks for the keys in everything they wrote
// and said.
func TestNoCredentialIsWrittenAnywhere(t *testing.T) {
	server := s3server.Start(t)
	if err := server.Bucket("lake"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SESSION_TOKEN", "")
	binary := filepath.Join(t.TempDir(), "lacuna")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := place{store: storage.New(storage.Options{PathStyle: true}), root: "s3://lake/secret"}
	p.put(t, "input/a.parquet", demo.Generate(300, 1), 100)
	job := filepath.Join(t.TempDir(), "job.yaml")
	if err := os.WriteFile(job, []byte("name: secret\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	said := map[string][]byte{}
	for name, more := range map[string][]string{"job": nil, "failing job": {"input.uri=s3://lake/nothing"}, "denied job": {"input.uri=s3://elsewhere/a"}} {
		arguments := []string{"run", "-f", job, "--log", "json"}
		for _, s := range p.job(more...) {
			arguments = append(arguments, "--set", s)
		}
		said[name], _ = exec.Command(binary, arguments...).CombinedOutput()
	}
	for _, folder := range []string{"model", "export"} {
		for name, data := range p.contents(t, folder) {
			said[folder+"/"+name] = data
		}
	}
	for name, data := range said {
		for _, secret := range []string{s3server.SecretKey, s3server.AccessKey, "Signature="} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q: …%s…", name, secret, around(string(data), secret))
			}
		}
	}
	if len(said) < 10 || !bytes.Contains(said["job"], []byte(`"model_fingerprint"`)) {
		t.Errorf("%d things were looked at: %s", len(said), said["job"])
	}
}

// around is the text near its first mention of what.
func around(text, what string) string {
	at := strings.Index(text, what)
	return text[max(0, at-60):min(len(text), at+60)]
}
