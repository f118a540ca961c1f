"""Adds plans to the file of a `clerk-local` that does not run. They belong to the dashboard: no API creates them.

    python plans.py FILE
"""

import json
import sys

CREATED_AT = 1_700_000_000_000


def plan(name, for_organizations, amount):
    slug = name.lower()
    row = {
        "id": f"cplan_{slug}",
        "name": name,
        "slug": slug,
        "description": None,
        "for_organizations": for_organizations,
        "is_default": False,
        "publicly_visible": True,
        "features": ["reports"],
        "free_trial_days": None,
        "created_at": CREATED_AT,
    }
    price = {
        "id": f"cprice_{slug}",
        "plan": row["id"],
        "amount": amount,
        "annual_monthly_amount": amount // 2,
        "currency": "USD",
        "description": None,
        "periods": "both",
        "is_default": True,
        "created_at": CREATED_AT,
    }
    return row, price


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        # The whole instance, and what has changed since.
        whole, *changes = file.readlines()
    saved = json.loads(whole)
    for row, price in [plan("Pro", False, 1000), plan("Team", True, 2000)]:
        saved["state"]["plans"].append(row)
        saved["state"]["prices"].append(price)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines([json.dumps(saved) + "\n", *changes])


if __name__ == "__main__":
    main()
