// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore} from "../../contracts/interfaces/IMarket.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {
    AnsweringVerifier,
    ContentVerifier,
    GasBurningVerifier,
    HungryVerifier,
    ReenteringVerifier,
    ReturnBombVerifier,
    RevertingVerifier
} from "../support/solidity/Verifiers.sol";

/// @notice Verifiers that misbehave: all they can do is to say "not valid".
contract MarketVerifiersTest is MarketFixture {
    using RequestBuilder for Request;

    function _drawnWith(address verifier_) private returns (Workload memory) {
        program = deployProgram(verifier_, false);
        return drawnToAlice();
    }

    function _expectNotValid(address verifier_) private {
        Workload memory w = _drawnWith(verifier_);
        vm.expectRevert(ProofNotValid.selector);
        submitProof(w, seatOf[alice]);
        // The same through commit and reveal is recorded, and the workload ends.
        warp(responseEnd(w) + 1);
        commit(w, seatOf[alice]);
        toReveals(w);
        reveal(w, seatOf[alice]);
        assertSlot(w, seatOf[alice], SlotState.Invalid);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.InvalidProof);
    }

    function test_verify_ARevertIsNotValid() public sound {
        _expectNotValid(address(new RevertingVerifier()));
    }

    function test_verify_AllGasGoneIsNotValid() public sound {
        _expectNotValid(address(new GasBurningVerifier()));
    }

    function test_verify_NoAnswerIsNotValid() public sound {
        _expectNotValid(address(new AnsweringVerifier("")));
    }

    function test_verify_AShortAnswerIsNotValid() public sound {
        _expectNotValid(address(new AnsweringVerifier(hex"01")));
    }

    function test_verify_AnAnswerOneByteShortIsNotValid() public sound {
        _expectNotValid(address(new AnsweringVerifier(new bytes(31))));
    }

    function test_verify_ZeroIsNotValid() public sound {
        _expectNotValid(address(new AnsweringVerifier(abi.encode(false))));
    }

    function test_verify_TwoIsNotValid() public sound {
        _expectNotValid(address(new AnsweringVerifier(abi.encode(uint256(2)))));
    }

    function test_verify_TheTopBitAloneIsNotValid() public sound {
        _expectNotValid(address(new AnsweringVerifier(abi.encode((uint256(1) << 255) | 1))));
    }

    function test_verify_OnlyTheFirstWordCounts() public sound {
        Workload memory w = _drawnWith(address(new AnsweringVerifier(abi.encode(true, uint256(7)))));
        submitProof(w, seatOf[alice]);
        assertOutcome(w, Outcome.Proven);
    }

    /// @dev Attack: a return bomb. The megabyte is its author's cost, within the gas cap; the market copies one word.
    function test_verify_AReturnBombCostsNobodyElse() public sound {
        Program memory p = aProgram(address(new ReturnBombVerifier()), false);
        p.verifierGas = 3_000_000;
        program = deployProgram(p);
        Workload memory w = drawnToAlice();
        uint256 before = gasleft();
        submitProof(w, seatOf[alice]);
        assertLt(before - gasleft(), 2_600_000, "less than a copy of the bomb would cost");
        assertOutcome(w, Outcome.Proven);
    }

    /// @dev Attack: the verifier calls the market back. Under staticcall it can change nothing.
    function test_verify_ReentrancyChangesNothing() public sound {
        Workload memory w = _drawnWith(address(new ReenteringVerifier()));
        bytes[4] memory calls = [
            abi.encodeCall(market.withdraw, (address(this), 0)),
            abi.encodeCall(market.accept, (w.id, seatOf[alice])),
            abi.encodeCall(market.settle, (w.spec, none())),
            abi.encodeCall(market.burnFees, (new address[](1)))
        ];
        for (uint256 i; i < calls.length; ++i) {
            vm.expectRevert(ProofNotValid.selector);
            vm.prank(alice);
            market.submitProof(w.spec, pinOf(w), seatOf[alice], PUBLIC_INPUTS, calls[i]);
        }
        // It does reach the market: a view answers.
        vm.prank(alice);
        market.submitProof(
            w.spec,
            pinOf(w),
            seatOf[alice],
            PUBLIC_INPUTS,
            abi.encodeCall(core.isHeld, (seatOf[alice]))
        );
        assertOutcome(w, Outcome.Proven);
    }

    function test_verify_RevertWhen_TheCodeChanged() public sound {
        address changing = address(new ContentVerifier());
        Workload memory w = _drawnWith(changing);
        bytes memory code = changing.code;
        bytes32 pinned = changing.codehash;
        vm.etch(changing, address(new RevertingVerifier()).code);
        vm.expectRevert(abi.encodeWithSelector(VerifierChanged.selector, changing, changing.codehash, pinned));
        submitProof(w, seatOf[alice]);
        vm.etch(changing, "");
        vm.expectRevert(abi.encodeWithSelector(VerifierChanged.selector, changing, changing.codehash, pinned));
        submitProof(w, seatOf[alice]);
        // The slot stayed as it was.
        vm.etch(changing, code);
        submitProof(w, seatOf[alice]);
    }

    /// @dev Attack: pass another verifier, more gas, another class or other packages with a proof. Only the program's own pin makes up its id.
    function test_verify_RevertWhen_ThePinIsAnothers() public sound {
        Workload memory w = drawnToAlice();
        Pin memory right = pinOf(w);
        for (uint256 i; i < 5; ++i) {
            Pin memory pin = Pin(right.packages, right.verifier);
            if (i == 0) pin.verifier ^= 1;
            if (i == 1) pin.verifier += 1 << 160;
            if (i == 2) pin.verifier ^= 1 << 200;
            if (i == 3) pin.packages ^= bytes32(uint256(1));
            if (i == 4) pin.verifier = ((right.verifier >> 160) << 160) | uint160(address(new ContentVerifier()));
            vm.prank(alice);
            (bool ok, bytes memory answer) = address(market).call(
                abi.encodeCall(market.submitProof, (w.spec, pin, seatOf[alice], PUBLIC_INPUTS, proofOf(seatOf[alice])))
            );
            assertFalse(ok, "refused");
            assertEq(bytes32(bytes4(answer)), bytes32(PinMismatch.selector), "says why");
        }
        submitProof(w, seatOf[alice]);
        assertOutcome(w, Outcome.Proven);
    }

    // ─── Gas ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack: relay somebody's reveal with too little gas, so that the verifier runs out and the proof counts as invalid.
    function test_verify_RevertWhen_GasStarved() public sound {
        Workload memory w = _drawnWith(address(new HungryVerifier(VERIFIER_GAS)));
        warp(responseEnd(w) + 1);
        commit(w, seatOf[alice]);
        toReveals(w);
        bytes memory data = abi.encodeCall(
            IMarketCore.reveal,
            (w.spec, pinOf(w), seatOf[alice], PUBLIC_INPUTS, proofOf(seatOf[alice]), saltOf(seatOf[alice]))
        );
        uint256 saved = snapshot();
        uint256 refused;
        uint256 accepted;
        for (uint256 gas_ = 200_000; gas_ < 600_000; gas_ += 10_000) {
            vm.prank(alice);
            (bool ok, bytes memory answer) = address(market).call{gas: gas_}(data);
            if (ok) {
                assertSlot(w, seatOf[alice], SlotState.Valid);
                ++accepted;
            } else {
                if (answer.length != 0) {
                    assertEq(bytes32(bytes4(answer)), bytes32(NotEnoughGas.selector), "NotEnoughGas");
                    ++refused;
                }
                assertSlot(w, seatOf[alice], SlotState.Committed);
            }
            restore(saved);
            saved = snapshot();
        }
        assertTrue(refused != 0 && accepted != 0, "both sides of the border were tried");
    }

    function test_verify_GivesTheVerifierItsWholeAllowance() public sound {
        Workload memory w = _drawnWith(address(new HungryVerifier(VERIFIER_GAS)));
        submitProof(w, seatOf[alice]);
        assertOutcome(w, Outcome.Proven);
    }

    function test_verify_GivesTheVerifierNoMoreThanItsAllowance() public sound {
        Workload memory w = _drawnWith(address(new HungryVerifier(VERIFIER_GAS + 2_000)));
        vm.expectRevert(ProofNotValid.selector);
        submitProof(w, seatOf[alice]);
    }
}
