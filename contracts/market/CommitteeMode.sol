// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {IMarketCore} from "../interfaces/IMarket.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Programs without a verifier contract: the committee's verdict enters the books
/// @notice EXTERNAL CALLS. The committee, a peer fixed at deployment.
abstract contract CommitteeMode is WorkloadStore, IMarketCore {
    /// @notice The contract that draws committees and counts their votes.
    ICommittee public immutable committee;

    constructor(ICommittee committee_) {
        committee = committee_;
    }

    /// @dev Takes the committee's conclusion and pays its members, each the same part; parts that nobody earned burn with the rest.
    /// @return judged False when no committee came together.
    /// @return valid Valid proofs by commit order.
    /// @return paid What the members got together.
    function _conclude(bytes32 workload, uint256 share) internal returns (bool judged, uint256 valid, uint256 paid) {
        ICommittee.Conclusion memory c = committee.conclude(workload);
        if (!c.judged) return (false, 0, 0);
        uint256 each = share / c.parts;
        uint256 members = c.payees.length;
        for (uint256 i; i < members; ++i) _credit(c.payees[i], each);
        emit Judged(workload, c.valid, members, each);
        return (true, c.valid, each * members);
    }
}
