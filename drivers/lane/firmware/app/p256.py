"""ECDSA over P-256 (FIPS 186-4, 6.4; SEC 1, 4.1.4), checking only, in small steps. Nothing here is secret."""

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def number(data):
    return int.from_bytes(data, "big")


def double(point):
    """2 * point, both (X, Y, Z) in Jacobian coordinates; Z 0 is infinity."""
    x, y, z = point
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, 2 * y * z % P


def add(point, flat):
    """point + flat: Jacobian plus affine."""
    x1, y1, z1 = point
    if z1 == 0:
        return flat[0], flat[1], 1
    zz = z1 * z1 % P
    h = (flat[0] * zz - x1) % P
    r = (flat[1] * z1 * zz - y1) % P
    if h == 0:
        return double(point) if r == 0 else (1, 1, 0)
    hh = h * h % P
    hhh, v = h * hh % P, x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P


def flattened(point):
    """Affine; None for infinity."""
    if point[2] == 0:
        return None
    inverse = pow(point[2], P - 2, P)
    square = inverse * inverse % P
    return point[0] * square % P, point[1] * square * inverse % P


def is_on_curve(flat):
    x, y = flat
    return x < P and y < P and (y * y - (x * x * x - 3 * x + B)) % P == 0


def verify(public, digest, signature):
    """A generator: steps until it returns whether r and s (32 bytes each) sign this SHA-256 by `public` (x and y)."""
    key = number(public[:32]), number(public[32:])
    r, s = number(signature[:32]), number(signature[32:])
    if len(public) != 64 or len(signature) != 64 or not is_on_curve(key) or not 0 < r < N or not 0 < s < N:
        return False
    yield
    w = pow(s, N - 2, N)
    u1, u2 = number(digest) * w % N, r * w % N
    yield
    both = flattened(add((G[0], G[1], 1), key))
    yield
    rows = (None, G, key, both)
    sum_ = (1, 1, 0)
    for bit in range(255, -1, -1):
        sum_ = double(sum_)
        row = (u1 >> bit & 1) | (u2 >> bit & 1) << 1
        if row and rows[row] is not None:  # None only where key = -G: both at once add nothing
            sum_ = add(sum_, rows[row])
        yield
    if sum_[2] == 0:
        return False
    square = sum_[2] * sum_[2] % P
    return any(c < P and c * square % P == sum_[0] for c in (r, r + N))
