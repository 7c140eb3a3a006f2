// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketRevealTest is MarketFixture {
    using RequestBuilder for Request;

    /// @dev Alice's and Bob's commits stand, so commits are closed.
    function _closed() private returns (Workload memory w) {
        w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
    }

    /// @dev The same, and reveals are possible from now on.
    function _committedByBoth() private returns (Workload memory w) {
        w = _closed();
        toReveals(w);
    }

    function test_reveal_RecordsAValidProof() public sound {
        Workload memory w = _committedByBoth();
        vm.expectEmit(address(market));
        emit Revealed(w.id, seatOf[bob], sha256(proofOf(seatOf[bob])), true);
        reveal(w, seatOf[bob]);
        SlotView memory s = market.slotOf(w.id, seatOf[bob]);
        assertEq(uint256(s.state), uint256(SlotState.Valid), "state");
        assertEq(address(s.payload), bob, "the operator again");
        assertEq(s.order, 1, "order");
        assertEq(market.workloadOf(w.id).valid, 1, "valid");
    }

    function test_reveal_RecordsAnInvalidProof() public sound {
        Workload memory w = drawnToAliceAndBob();
        commitJunk(w, seatOf[alice]);
        toReveals(w);
        vm.expectEmit(address(market));
        emit Revealed(w.id, seatOf[alice], sha256(junkOf(seatOf[alice])), false);
        revealJunk(w, seatOf[alice]);
        assertSlot(w, seatOf[alice], SlotState.Invalid);
        assertEq(market.workloadOf(w.id).invalid, 1, "invalid");
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.InvalidProof);
    }

    // ─── When ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_reveal_StartsAfterTheDelay() public sound {
        Workload memory w = _closed();
        uint256 from = block.timestamp + REVEAL_DELAY;
        warp(from - 1);
        vm.expectRevert(_outside(from));
        reveal(w, seatOf[alice]);
        warp(from);
        vm.expectRevert(_outside(from));
        reveal(w, seatOf[alice]);
        warp(from + 1);
        reveal(w, seatOf[alice]);
    }

    function test_reveal_EndsWithTheWindow() public sound {
        Workload memory w = _closed();
        uint256 until = block.timestamp + REVEAL_DELAY + REVEAL_WINDOW;
        warp(until + 1);
        vm.expectRevert(_outside(until - REVEAL_WINDOW));
        reveal(w, seatOf[alice]);
        warp(until);
        uint256 saved = snapshot();
        reveal(w, seatOf[alice]);
        restore(saved);
        warp(until - 1);
        reveal(w, seatOf[alice]);
    }

    function test_reveal_RevertWhen_CommitsAreStillOpen() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        uint256 from = deadlineOf(w) + REVEAL_DELAY;
        vm.expectRevert(_outside(from));
        reveal(w, seatOf[alice]);
        warp(deadlineOf(w));
        vm.expectRevert(_outside(from));
        reveal(w, seatOf[alice]);
    }

    function test_reveal_AfterAReleaseStartsAfterTheDelay() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(w.startedAt + 100);
        release(w);
        warp(w.startedAt + 100 + REVEAL_DELAY + 1);
        reveal(w, seatOf[alice]);
    }

    // ─── What ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_reveal_RevertWhen_OtherProof() public sound {
        Workload memory w = _committedByBoth();
        uint256 seat = seatOf[alice];
        bytes memory other = junkOf(seat);
        bytes memory mismatch = abi.encodeWithSelector(
            CommitmentMismatch.selector,
            commitmentOf(w, seat, other),
            commitmentOf(w, seat, proofOf(seat))
        );
        vm.expectRevert(mismatch);
        vm.prank(alice);
        market.reveal(w.spec, pinOf(w), seat, PUBLIC_INPUTS, other, saltOf(seat));
    }

    function test_reveal_RevertWhen_OtherSalt() public sound {
        Workload memory w = _committedByBoth();
        uint256 seat = seatOf[alice];
        bytes32 digest = sha256(proofOf(seat));
        uint160 opened = uint160(uint256(keccak256(abi.encode(digest, alice, w.id, seat, bytes32("other")))));
        vm.expectRevert(
            abi.encodeWithSelector(CommitmentMismatch.selector, opened, commitmentOf(w, seat, proofOf(seat)))
        );
        vm.prank(alice);
        market.reveal(w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat), bytes32("other"));
    }

    function test_reveal_RevertWhen_PublicInputsAreOthers() public sound {
        Workload memory w = _committedByBoth();
        vm.expectRevert(
            abi.encodeWithSelector(PublicInputsMismatch.selector, keccak256("easier"), keccak256(PUBLIC_INPUTS))
        );
        vm.prank(alice);
        market.reveal(w.spec, pinOf(w), seatOf[alice], "easier", proofOf(seatOf[alice]), saltOf(seatOf[alice]));
    }

    function test_reveal_RevertWhen_NotCommitted() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Accepted));
        reveal(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[bob], SlotState.Free));
        reveal(w, seatOf[bob]);
    }

    function test_reveal_RevertWhen_Twice() public sound {
        Workload memory w = _committedByBoth();
        reveal(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Valid));
        reveal(w, seatOf[alice]);
    }

    function test_reveal_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        reveal(w, seatOf[alice]);
    }

    function test_reveal_RevertWhen_Settled() public sound {
        Workload memory w = _committedByBoth();
        toRevealsOver(w);
        settle(w, none());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        reveal(w, seatOf[alice]);
    }

    // ─── Copycats ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack: send the proof somebody else is revealing, with one's own older commitment or none.
    function test_reveal_ACopiedProofOpensNothing() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commitJunk(w, seatOf[bob]);
        toReveals(w);
        bytes memory seen = proofOf(seatOf[alice]);
        bytes32 salt = saltOf(seatOf[alice]);
        bytes32 digest = sha256(seen);
        uint160 opened = uint160(uint256(keccak256(abi.encode(digest, bob, w.id, seatOf[bob], salt))));
        vm.expectRevert(
            abi.encodeWithSelector(
                CommitmentMismatch.selector,
                opened,
                commitmentOf(w, seatOf[bob], junkOf(seatOf[bob]))
            )
        );
        vm.prank(bob);
        market.reveal(w.spec, pinOf(w), seatOf[bob], PUBLIC_INPUTS, seen, salt);

        // For Alice's seat Bob opens nothing either: the commitment names her.
        opened = uint160(uint256(keccak256(abi.encode(digest, bob, w.id, seatOf[alice], salt))));
        vm.expectRevert(
            abi.encodeWithSelector(CommitmentMismatch.selector, opened, commitmentOf(w, seatOf[alice], seen))
        );
        vm.prank(bob);
        market.reveal(w.spec, pinOf(w), seatOf[alice], PUBLIC_INPUTS, seen, salt);
    }

    /// @dev Attack: commit to a copy of somebody's commitment, and open it with what the other reveals.
    function test_reveal_ACopiedCommitmentCannotBeOpened() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        uint160 copied = market.slotOf(w.id, seatOf[alice]).payload;
        vm.prank(bob);
        market.commit(w.id, seatOf[bob], copied);
        toReveals(w);
        reveal(w, seatOf[alice]);
        bytes memory seen = proofOf(seatOf[alice]);
        bytes32 salt = saltOf(seatOf[alice]);
        uint160 opened = uint160(uint256(keccak256(abi.encode(sha256(seen), bob, w.id, seatOf[bob], salt))));
        vm.expectRevert(abi.encodeWithSelector(CommitmentMismatch.selector, opened, copied));
        vm.prank(bob);
        market.reveal(w.spec, pinOf(w), seatOf[bob], PUBLIC_INPUTS, seen, salt);
        toRevealsOver(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(bob), 0, "a copy earns nothing");
    }

    /// @dev Attack: an operator that stands twice replays the commitment of its one seat for the other, or in another workload.
    function test_reveal_ACommitmentIsOfOneSeatAndOneWorkload() public sound {
        uint256 second = stake(alice, 1, 0);
        nextEpoch();
        uint256 first = seatOf[alice];
        Workload memory w = submit(aRequest().withSlots(2));
        assignTo(w, pair(first, seatOf[bob]));
        Workload memory other = drawn(aRequest().withSlots(2), pair(second, seatOf[carol]));
        uint160 commitment = commitmentOf(w, first, proofOf(first));
        commit(w, first);
        vm.prank(alice);
        market.commit(other.id, second, commitment);
        warp(deadlineOf(other) + REVEAL_DELAY + 1);
        bytes32 digest = sha256(proofOf(first));
        uint160 opened = uint160(uint256(keccak256(abi.encode(digest, alice, other.id, second, saltOf(first)))));
        vm.expectRevert(abi.encodeWithSelector(CommitmentMismatch.selector, opened, commitment));
        vm.prank(alice);
        market.reveal(other.spec, pinOf(other), second, PUBLIC_INPUTS, proofOf(first), saltOf(first));
    }

    /// @dev Design §3: the proof a copycat sees comes too late, because commits are closed when the first reveal is possible.
    function test_reveal_NobodyCanCommitOnceAProofWasSeen() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        commit(w, seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        commitOpen(w, seatOf[carol]);
    }

    /// @dev The refusal now, of reveals that are possible after `from`.
    function _outside(uint256 from) private view returns (bytes memory) {
        return abi.encodeWithSelector(OutsideRevealWindow.selector, block.timestamp, from, from + REVEAL_WINDOW);
    }
}
