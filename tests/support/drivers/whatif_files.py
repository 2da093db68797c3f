"""An application and a fleet for what-if questions."""

from __future__ import annotations

from typing import Any

# Racks r1 of hosts a and b, r2 of c; 4 VCPU each, of which 2 of b and 1 of c are used.
FLEET: dict[str, Any] = {
    "levels": ["zone", "rack"],
    "hosts": [
        {"name": "a", "domains": {"zone": "z1", "rack": "r1"}, "inventory": {"VCPU": 4}},
        {
            "name": "b",
            "domains": {"zone": "z1", "rack": "r1"},
            "inventory": {"VCPU": 4},
            "used": {"VCPU": 2},
        },
        {
            "name": "c",
            "domains": {"zone": "z2", "rack": "r2"},
            "inventory": {"VCPU": 4},
            "used": {"VCPU": 1},
        },
    ],
}
APP: dict[str, Any] = {
    "name": "shop",
    "groups": [
        {
            "name": "DB",
            "policies": [
                {"kind": "anti-affinity", "level": "rack"},
                {"kind": "anti-affinity", "level": "host", "max_per_domain": 2},
                {"kind": "apart-from", "group": "LB"},
                {"kind": "apart-from", "group": "a.b", "weight": 2},
            ],
            "members": [{"resources": {"VCPU": 1}, "count": 2}],
        },
        {
            "name": "LB",
            "members": [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 2}, "id": "LB/2"}],
        },
        {"name": "a.b", "policies": ["affinity"], "members": [{"resources": {"VCPU": 1}}]},
        {"name": "tier", "groups": ["LB"]},
    ],
    "existing": [{"group": "a.b", "id": "a.b/0", "host": "c"}],
}
