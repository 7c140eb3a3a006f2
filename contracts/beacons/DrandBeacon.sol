// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {IBeaconUser} from "../interfaces/IBeaconUser.sol";
import {DrandSignature} from "../libraries/DrandSignature.sol";

/// @title drand beacon: the rounds of drand's network "quicknet", verified on chain once for all
/// @notice Anyone relays a round; its signature is checked against quicknet's public key, so the relayer can choose neither the
/// value nor who is drawn, only whether to relay. A value is the first half of the randomness that drand publishes, which is
/// sha256 of the compressed signature: nobody chooses a bit of it, and 128 of them are as far from being guessed as 256 (docs/adr/0044-half-values.md).
/// TIME. Round r is due at GENESIS + (r − 1) · PERIOD. A chain whose clock is late would fix rounds that are already public: the
/// lag bridges what is usual, and a round relayed before its time proves more than that and stops submissions:
/// the market that counts rounds by itself is told in the same transaction.
/// MONEY. None. ROLES. None. EXTERNAL CALLS. Precompiles, and the one user, fixed at deployment.
contract DrandBeacon is IBeacon {
    /// @notice Unix time of round 1.
    uint256 public constant GENESIS = 1_692_803_367;
    /// @notice Seconds between two rounds.
    uint256 public constant PERIOD = 3;
    /// @notice Most rounds between submission and round: ten minutes, well inside every window for the draw.
    uint32 public constant MAX_LAG = 200;
    /// @dev The bit in which the numbers of two rounds differ whose values share a word. They are four rounds apart, as the rounds of consecutive
    /// blocks of twelve seconds are; on a chain with faster blocks workloads need the rounds between too, and these pair in the same way.
    uint32 private constant PAIR = 4;

    /// @notice Rounds between the one that is due at submission and the one a workload is bound to.
    uint32 public immutable lag;
    /// @notice Rounds by which the chain's clock may be late.
    uint32 public immutable margin;

    /// @notice Is told when the chain's clock turns out to be late, and may therefore count rounds by itself; zero for none.
    IBeaconUser public immutable user;

    /// @notice Newest round that was relayed before it was due by the chain's clock; zero for none.
    uint32 public ahead;

    /// @dev Values by the pair's first round: the first one's in the upper half, the second one's in the lower.
    mapping(uint32 first => bytes32 values) private _pairs;

    /// @notice The margin must be at least one round and below the lag, the lag at most {MAX_LAG}.
    error LagOutOfBounds(uint32 lag, uint32 margin, uint32 most);
    /// @notice The chain's clock is before the first round.
    error BeforeGenesis(uint256 time, uint256 genesis);
    /// @notice Round `known` is public although by the chain's clock only `due` should be: rounds fixed now could be known.
    error ClockStale(uint32 known, uint32 due);
    /// @notice The round's value is known already.
    error AlreadyPublished(uint32 round);
    /// @notice The point is not quicknet's signature of this round.
    error RoundNotSigned(uint32 round);

    /// @param lag_ Rounds between the one due at submission and the one fixed.
    /// @param margin_ Rounds by which the chain's clock may be late, and in which nobody may cancel for free any more.
    /// @param user_ Contract that counts rounds by itself, and has to be told when it must not; zero for none.
    constructor(uint32 lag_, uint32 margin_, IBeaconUser user_) {
        if (margin_ == 0 || margin_ >= lag_ || lag_ > MAX_LAG) revert LagOutOfBounds(lag_, margin_, MAX_LAG);
        lag = lag_;
        margin = margin_;
        user = user_;
    }

    /// @notice Makes the value of a round known, for everyone and for ever.
    /// @param round Round number.
    /// @param signature Uncompressed point of G1: x, then y, 48 bytes each, big endian.
    function publish(uint32 round, bytes32[3] calldata signature) external {
        if (value(round) != 0) revert AlreadyPublished(round);
        if (!DrandSignature.verify(round, signature)) revert RoundNotSigned(round);
        bytes32 half = bytes16(sha256(DrandSignature.compress(signature)));
        _pairs[round & ~PAIR] |= half >> _placeOf(round);
        if (timeOf(round) <= block.timestamp || round <= ahead) return;
        ahead = round;
        // Not caught: a relayer could else starve the call, and the round is not to be had a second time.
        if (address(user) != address(0) && _isStale(_due())) user.doubtClock();
    }

    /// @inheritdoc IBeacon
    function nextRound() external view returns (uint32 round) {
        uint32 due = _due();
        if (_isStale(due)) revert ClockStale(ahead, due);
        return due + lag;
    }

    /// @inheritdoc IBeacon
    function scheduleFor(address user_) external view returns (Schedule memory schedule) {
        if (user_ != address(user)) return schedule;
        return Schedule({genesis: uint40(GENESIS), period: uint16(PERIOD), lag: uint16(lag)});
    }

    /// @inheritdoc IBeacon
    function isOpen(uint32 round) external view returns (bool open) {
        uint32 last = _due() + margin;
        return round > last && ahead <= last;
    }

    /// @inheritdoc IBeacon
    /// @dev Drand's first 16 bytes, then zeros. A first half that is zero (2^-128) would be a round that never comes.
    function value(uint32 round) public view returns (bytes32 randomness) {
        return bytes16(_pairs[round & ~PAIR] << _placeOf(round));
    }

    /// @notice When a round is due.
    /// @param round Round number, from 1.
    /// @return Unix time.
    function timeOf(uint32 round) public pure returns (uint256) {
        return GENESIS + uint256(round) * PERIOD - PERIOD;
    }

    /// @dev Where in its pair's word the value of a round begins, in bits: 0, or 128 (4 · 2^5) for the second.
    function _placeOf(uint32 round) private pure returns (uint256 place) {
        return uint256(round & PAIR) << 5;
    }

    /// @dev Whether a round is public that proves the clock to be late by more than the margin. Time does not run back, so what is not stale once does not
    /// become so but by another early round.
    function _isStale(uint32 due) private view returns (bool) {
        return ahead > due + margin;
    }

    /// @dev The newest round that is due by the chain's clock.
    function _due() private view returns (uint32) {
        if (block.timestamp < GENESIS) revert BeforeGenesis(block.timestamp, GENESIS);
        return uint32((block.timestamp - GENESIS) / PERIOD + 1);
    }
}
