package cpu

import (
	"fmt"
	"runtime"

	"github.com/lacuna-ml/lacuna/model/cpu/kernel"
	"github.com/lacuna-ml/lacuna/model/program"
)

// Device is the CPU of this machine, or a part of its cores.
type Device struct {
	threads int
	kernels *kernel.Set
}

// New returns the CPU with the best kernels it can run. threads is the number of cores to use, 0 for all.
func New(threads int) (*Device, error) {
	set, err := kernel.Best()
	if err != nil {
		return nil, err
	}
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Device{threads: threads, kernels: set}, nil
}

// Name says which kernels run on how many threads.
func (d *Device) Name() string {
	return fmt.Sprintf("cpu, %s kernels, %d threads", d.kernels.Name, d.threads)
}

// Threads is the number of cores in use.
func (d *Device) Threads() int { return d.threads }

// Compile plans the memory of p and prepares a worker for each thread.
func (d *Device) Compile(p *program.Program) program.Session { return newSession(d, p) }
