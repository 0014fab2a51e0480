"""The masked autoencoder of kind vision in PyTorch, to be measured against `lacuna bench --kind vision`: ViT encoder on the
visible patches, light decoder, squared error on the hidden ones, AdamW. Prints one line of JSON with rows/s of a training
step. He et al., "Masked Autoencoders Are Scalable Vision Learners" (2022). Needs PyTorch, nothing else.

usage: vit_mae.py [--batch 8 --threads 2 --seconds 20 --image-size 224 --patch-size 16 --dim 768 --depth 12 --heads 12
                   --decoder-dim 512 --decoder-depth 8 --decoder-heads 16 --mask-ratio 0.75]
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn


class Block(nn.Module):
    """A pre-norm transformer block over x [N, T, D]."""

    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d, eps=1e-6), nn.LayerNorm(d, eps=1e-6)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc1, self.fc2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        attention = (q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5).softmax(-1)
        x = x + self.proj((attention @ v).transpose(1, 2).reshape(n, t, d))
        return x + self.fc2(nn.functional.gelu(self.fc1(self.norm2(x))))


class MaskedAutoencoder(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.tokens, values = (a.image_size // a.patch_size) ** 2, a.patch_size ** 2 * 3
        self.embed, self.decoder_embed = nn.Linear(values, a.dim), nn.Linear(a.dim, a.decoder_dim)
        self.cls, self.mask = nn.Parameter(torch.randn(1, 1, a.dim) * 0.02), nn.Parameter(torch.randn(1, 1, a.decoder_dim) * 0.02)
        self.position = nn.Parameter(torch.randn(1, self.tokens + 1, a.dim) * 0.02, requires_grad=False)
        self.decoder_position = nn.Parameter(torch.randn(1, self.tokens + 1, a.decoder_dim) * 0.02, requires_grad=False)
        self.encoder = nn.Sequential(*[Block(a.dim, a.heads) for _ in range(a.depth)], nn.LayerNorm(a.dim, eps=1e-6))
        self.decoder = nn.Sequential(*[Block(a.decoder_dim, a.decoder_heads) for _ in range(a.decoder_depth)], nn.LayerNorm(a.decoder_dim, eps=1e-6))
        self.head = nn.Linear(a.decoder_dim, values)
        self.keep = self.tokens - int(self.tokens * a.mask_ratio)

    def forward(self, patches):
        n = len(patches)
        order = torch.rand(n, self.tokens).argsort(1)
        kept, hidden = order[:, :self.keep], order[:, self.keep:]
        pick = lambda x, i: x.gather(1, i[:, :, None].expand(-1, -1, x.shape[2]))
        shown = self.embed(pick(patches, kept)) + pick(self.position[:, 1:].expand(n, -1, -1), kept)
        z = self.decoder_embed(self.encoder(torch.cat([self.cls.expand(n, -1, -1) + self.position[:, :1], shown], 1)))
        y = self.mask.expand(n, self.tokens, -1).scatter(1, kept[:, :, None].expand(-1, -1, z.shape[2]), z[:, 1:])
        y = self.decoder(torch.cat([z[:, :1], y], 1) + self.decoder_position)[:, 1:]
        return ((self.head(pick(y, hidden)) - pick(patches, hidden)) ** 2).mean()


def main():
    p = argparse.ArgumentParser()
    for name, default in dict(batch=8, threads=2, seconds=20.0, image_size=224, patch_size=16, dim=768, depth=12, heads=12,
                              decoder_dim=512, decoder_depth=8, decoder_heads=16, mask_ratio=0.75).items():
        p.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    model = MaskedAutoencoder(a)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4, betas=(0.9, 0.95), weight_decay=0.05)
    images = torch.randn(a.batch, model.tokens, a.patch_size ** 2 * 3)
    times, start = [], time.time()
    while time.time() - start < a.seconds or len(times) < 3:
        before = time.time()
        optimiser.zero_grad(set_to_none=True)
        model(images).backward()
        optimiser.step()
        times.append(time.time() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"peer": "pytorch " + torch.__version__, "train": a.batch / statistics.median(times[1:]), "peak_bytes": peak}))


main()
